import type { Operation } from './operation.ts';
import { buildPathTrie } from './path-trie.ts';
import type { PathNode } from './path-trie.ts';
import { SERVICE_IDS, SERVICES } from './services.ts';
import type { ServiceId } from './services.ts';
import { OPERATIONS, unmodelledOperation } from './table.ts';

const REST_OPERATIONS = OPERATIONS.filter(({ service }) => SERVICES[service].protocol === 'rest-json');
const ALL_SERVICES = buildPathTrie(REST_OPERATIONS);
const BY_SERVICE = new Map(
  SERVICE_IDS.map((id) => [id, buildPathTrie(REST_OPERATIONS.filter(({ service }) => service === id))]),
);
const UNMODELLED = new Map(SERVICE_IDS.map((id) => [id, unmodelledOperation(id)]));
const SOLE_OWNERS = soleOwners();

/** awsJson names its operation in a header, prefixed by the service's name in its model. */
const AWS_JSON_TARGET_PREFIX = 'AmazonBedrockKeystoneRuntimeService.';
const AWS_JSON_SERVICE: ServiceId = 'bedrock-data-automation-runtime';
const AWS_JSON_OPERATIONS = new Map(
  OPERATIONS.filter(({ service }) => service === AWS_JSON_SERVICE).map((operation) => [operation.name, operation]),
);

/** The paths of one service, or of all. */
export function pathsOf(service: ServiceId | undefined): PathNode {
  return (service === undefined ? ALL_SERVICES : BY_SERVICE.get(service)) ?? ALL_SERVICES;
}

/**
 * What a path that no model has stands for, decided by its first raw segment: an operation of `service` if that has
 * the segment, or without `service` of the only one that does. Undefined if nobody or several could be meant.
 */
export function unmodelledUnder(firstSegment: string, service: ServiceId | undefined): Operation | undefined {
  const owner =
    service === undefined
      ? SOLE_OWNERS.get(firstSegment)
      : pathsOf(service).literals.has(firstSegment)
        ? service
        : undefined;
  return owner && UNMODELLED.get(owner);
}

/** The awsJson operation an `X-Amz-Target` names, unmodelled if only its service is known. */
export function awsJsonOperation(amzTarget: string): Operation | undefined {
  if (!amzTarget.startsWith(AWS_JSON_TARGET_PREFIX)) return undefined;
  const name = amzTarget.slice(AWS_JSON_TARGET_PREFIX.length);
  return (
    AWS_JSON_OPERATIONS.get(name) ?? (/^[A-Za-z]{1,64}$/.test(name) ? UNMODELLED.get(AWS_JSON_SERVICE) : undefined)
  );
}

function soleOwners(): ReadonlyMap<string, ServiceId> {
  const owners = new Map<string, ServiceId>();
  const shared = new Set<string>();
  for (const [id, trie] of BY_SERVICE) {
    for (const segment of trie.literals.keys()) {
      if (owners.has(segment)) shared.add(segment);
      owners.set(segment, id);
    }
  }
  for (const segment of shared) owners.delete(segment);
  return owners;
}
