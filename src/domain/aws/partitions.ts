/**
 * The AWS partitions and their regions, as botocore's `partitions.json` (1.43) has them.
 *
 * Every partition there supports FIPS and dual-stack hosts, so that is not a column. Global pseudo-regions such as
 * `aws-global` are left out: no Bedrock service has a host for one.
 */
export interface Partition {
  readonly id: string;
  /** Which names are regions of this partition, so that a new region works without a release. */
  readonly regionPattern: RegExp;
  /** The regions known when this was written. */
  readonly regions: readonly string[];
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
}

/**
 * botocore's patterns say `\w+\-\d+$`, which takes underscores and any length. A region becomes part of a host name,
 * so these take letters and two digits only.
 */
export const PARTITIONS: readonly Partition[] = [
  {
    id: 'aws',
    regionPattern: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]{1,16}-\d{1,2}$/,
    regions: [
      'af-south-1',
      'ap-east-1',
      'ap-east-2',
      'ap-northeast-1',
      'ap-northeast-2',
      'ap-northeast-3',
      'ap-south-1',
      'ap-south-2',
      'ap-southeast-1',
      'ap-southeast-2',
      'ap-southeast-3',
      'ap-southeast-4',
      'ap-southeast-5',
      'ap-southeast-6',
      'ap-southeast-7',
      'ca-central-1',
      'ca-west-1',
      'eu-central-1',
      'eu-central-2',
      'eu-north-1',
      'eu-south-1',
      'eu-south-2',
      'eu-west-1',
      'eu-west-2',
      'eu-west-3',
      'il-central-1',
      'me-central-1',
      'me-south-1',
      'mx-central-1',
      'sa-east-1',
      'us-east-1',
      'us-east-2',
      'us-west-1',
      'us-west-2',
    ],
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
  },
  {
    id: 'aws-cn',
    regionPattern: /^cn-[a-z]{1,16}-\d{1,2}$/,
    regions: ['cn-north-1', 'cn-northwest-1'],
    dnsSuffix: 'amazonaws.com.cn',
    dualStackDnsSuffix: 'api.amazonwebservices.com.cn',
  },
  {
    id: 'aws-eusc',
    regionPattern: /^eusc-de-[a-z]{1,16}-\d{1,2}$/,
    regions: ['eusc-de-east-1'],
    dnsSuffix: 'amazonaws.eu',
    dualStackDnsSuffix: 'api.amazonwebservices.eu',
  },
  {
    id: 'aws-iso',
    regionPattern: /^us-iso-[a-z]{1,16}-\d{1,2}$/,
    regions: ['us-iso-east-1', 'us-iso-west-1'],
    dnsSuffix: 'c2s.ic.gov',
    dualStackDnsSuffix: 'api.aws.ic.gov',
  },
  {
    id: 'aws-iso-b',
    regionPattern: /^us-isob-[a-z]{1,16}-\d{1,2}$/,
    regions: ['us-isob-east-1', 'us-isob-west-1'],
    dnsSuffix: 'sc2s.sgov.gov',
    dualStackDnsSuffix: 'api.aws.scloud',
  },
  {
    id: 'aws-iso-e',
    regionPattern: /^eu-isoe-[a-z]{1,16}-\d{1,2}$/,
    regions: ['eu-isoe-west-1'],
    dnsSuffix: 'cloud.adc-e.uk',
    dualStackDnsSuffix: 'api.cloud-aws.adc-e.uk',
  },
  {
    id: 'aws-iso-f',
    regionPattern: /^us-isof-[a-z]{1,16}-\d{1,2}$/,
    regions: ['us-isof-east-1', 'us-isof-south-1'],
    dnsSuffix: 'csp.hci.ic.gov',
    dualStackDnsSuffix: 'api.aws.hci.ic.gov',
  },
  {
    id: 'aws-us-gov',
    regionPattern: /^us-gov-[a-z]{1,16}-\d{1,2}$/,
    regions: ['us-gov-east-1', 'us-gov-west-1'],
    dnsSuffix: 'amazonaws.com',
    dualStackDnsSuffix: 'api.aws',
  },
];

/** Whether the text has the form of a region of some partition. Only such a text may become part of a host name. */
export function isRegion(text: string): boolean {
  return partitionOf(text) !== null;
}

/** The partition a region belongs to; null for what is not a region. */
export function partitionOf(region: string): Partition | null {
  return PARTITIONS.find((partition) => partition.regionPattern.test(region)) ?? null;
}
