import type { Operation } from './operation.ts';
import { buildPathTrie } from './path-trie.ts';
import { SERVICE_IDS, SERVICES } from './services.ts';
import type { ServiceId } from './services.ts';
import { OPERATIONS, unmodelledOperation } from './table.ts';

const REST_OPERATIONS = OPERATIONS.filter(({ service }) => SERVICES[service].protocol === 'rest-json');

/** The paths of all operations that are told apart by path. */
export const PATHS = buildPathTrie(REST_OPERATIONS);

const UNMODELLED = new Map(SERVICE_IDS.map((id) => [id, unmodelledOperation(id)]));
const OWNERS_BY_FIRST_SEGMENT = ownersByFirstSegment();

/** awsJson names its operation in a header, prefixed by the service's name in its model. */
const AWS_JSON_TARGET_PREFIX = 'AmazonBedrockKeystoneRuntimeService.';
const AWS_JSON_SERVICE: ServiceId = 'bedrock-data-automation-runtime';
const AWS_JSON_OPERATIONS = new Map(
  OPERATIONS.filter(({ service }) => service === AWS_JSON_SERVICE).map((operation) => [operation.name, operation]),
);

/**
 * What a path that no model has stands for, decided by its first raw segment: an operation of `service` if that has
 * the segment, or without `service` of the only one that does. Undefined if nobody or several could be meant.
 */
export function unmodelledUnder(firstSegment: string, service: ServiceId | undefined): Operation | undefined {
  const owners = OWNERS_BY_FIRST_SEGMENT.get(firstSegment) ?? [];
  const possible = service === undefined ? owners : owners.filter((owner) => owner === service);
  const [owner, another] = possible;
  return owner === undefined || another !== undefined ? undefined : UNMODELLED.get(owner);
}

/** The awsJson operation an `X-Amz-Target` names, unmodelled if only its service is known. */
export function awsJsonOperation(amzTarget: string): Operation | undefined {
  if (!amzTarget.startsWith(AWS_JSON_TARGET_PREFIX)) return undefined;
  const name = amzTarget.slice(AWS_JSON_TARGET_PREFIX.length);
  return (
    AWS_JSON_OPERATIONS.get(name) ?? (/^[A-Za-z]{1,64}$/.test(name) ? UNMODELLED.get(AWS_JSON_SERVICE) : undefined)
  );
}

function ownersByFirstSegment(): ReadonlyMap<string, readonly ServiceId[]> {
  const owners = new Map<string, ServiceId[]>();
  for (const { service, path } of REST_OPERATIONS) {
    const firstSegment = path.split('/', 2)[1] ?? '';
    const known = owners.get(firstSegment) ?? [];
    if (!known.includes(service)) known.push(service);
    owners.set(firstSegment, known);
  }
  return owners;
}
