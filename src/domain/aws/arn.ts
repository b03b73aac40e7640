import { PARTITIONS, partitionOf } from './partitions.ts';

export interface Arn {
  readonly partition: string;
  readonly service: string;
  /** Empty for resources that belong to no region. */
  readonly region: string;
  /** Twelve digits, `aws` for what AWS itself owns, or empty. */
  readonly accountId: string;
  /** All that follows the fifth colon, colons and slashes included; never empty. */
  readonly resource: string;
}

/** The longest ARN IAM knows of, in characters. */
const ARN_LENGTH_MAX = 2048;

const SERVICE = /^[a-z0-9-]{1,63}$/;
const ACCOUNT_ID = /^(?:\d{12}|aws)?$/;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/**
 * Parses an ARN as it is meant, percent-decoded. Strict: a known partition, a region (if any) of that partition, visible
 * ASCII only. What is not such an ARN is null. Never throws.
 */
export function parseArn(text: string): Arn | null {
  if (text.length > ARN_LENGTH_MAX || !VISIBLE_ASCII.test(text)) return null;
  const [scheme, partition, service, region, accountId, ...resourceParts] = text.split(':');
  const resource = resourceParts.join(':');
  if (scheme !== 'arn' || resource === '') return null;
  if (partition === undefined || service === undefined || region === undefined || accountId === undefined) return null;
  if (!PARTITIONS.some(({ id }) => id === partition)) return null;
  if (!SERVICE.test(service) || !ACCOUNT_ID.test(accountId)) return null;
  if (region !== '' && partitionOf(region)?.id !== partition) return null;
  return { partition, service, region, accountId, resource };
}
