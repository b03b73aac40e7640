import { PARTITIONS } from '../aws/partitions.ts';

const COMMERCIAL_REGIONS = PARTITIONS.find(({ id }) => id === 'aws')?.regions ?? [];

/**
 * Where a cross-region inference profile may run, by the prefix of its id, beside the region it is called in.
 *
 * The rows are the union over all models, so some are wider than one model's profile is. From AWS's own construct
 * library: https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_aws-bedrock-alpha.CrossRegionInferenceProfileRegion.html
 * (apac does include the Middle East). `global` is every commercial region:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
 * No page lists those of `ca` and `sa`: they get every region of their geography.
 */
const REGIONS_BY_PREFIX: ReadonlyMap<string, readonly string[]> = new Map([
  ['us', ['us-east-1', 'us-east-2', 'us-west-2']],
  [
    'eu',
    ['eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
  ],
  [
    'apac',
    [
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
      'ap-southeast-7',
      'me-central-1',
    ],
  ],
  ['jp', ['ap-northeast-1', 'ap-northeast-3']],
  ['au', ['ap-southeast-2', 'ap-southeast-4']],
  ['ca', ['ca-central-1', 'ca-west-1']],
  ['sa', ['sa-east-1']],
  ['us-gov', ['us-gov-east-1', 'us-gov-west-1']],
  ['global', COMMERCIAL_REGIONS],
]);

/** The regions a profile with this prefix may run in; null when nobody knows the prefix. */
export function profileRegions(prefix: string): readonly string[] | null {
  return REGIONS_BY_PREFIX.get(prefix) ?? null;
}

/** Whether the prefix is that of a geography (or `global`) AWS has profiles for. */
export function isProfilePrefix(text: string): boolean {
  return REGIONS_BY_PREFIX.has(text);
}
