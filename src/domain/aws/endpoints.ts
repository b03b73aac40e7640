import { partitionOf } from './partitions.ts';

export interface ServiceEndpoint {
  /** First label of the service's hosts, e.g. `bedrock-runtime`. */
  readonly hostPrefix: string;
  readonly region: string;
  /** The host that uses FIPS-validated cryptography. */
  readonly fips: boolean;
  /** The host that answers on IPv4 and IPv6. */
  readonly dualStack: boolean;
}

const HOST_PREFIX = /^[a-z]+(?:-[a-z]+)*$/;

/**
 * The host of a service in a region. The rule is that of the endpoint rule sets in botocore; the eight Bedrock services
 * share it.
 *
 * @throws Error for a region or prefix that is none: both come from tables and checked configuration, never from a request.
 */
export function serviceHost({ hostPrefix, region, fips, dualStack }: ServiceEndpoint): string {
  const partition = partitionOf(region);
  if (partition === null) throw new Error(`Not an AWS region: ${JSON.stringify(region)}`);
  if (!HOST_PREFIX.test(hostPrefix)) throw new Error(`Not a host prefix: ${JSON.stringify(hostPrefix)}`);
  const suffix = dualStack ? partition.dualStackDnsSuffix : partition.dnsSuffix;
  return `${hostPrefix}${fips ? '-fips' : ''}.${region}.${suffix}`;
}
