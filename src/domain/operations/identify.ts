import { parseArn } from '../aws/arn.ts';
import type { Arn } from '../aws/arn.ts';
import { Refusal } from '../errors.ts';
import { readJsonString } from '../json-values.ts';
import { arnInQuery } from './named/arn-in-query.ts';
import type { Operation } from './operation.ts';
import type { Route } from './route.ts';
import { SERVICES } from './services.ts';
import type { ServiceId } from './services.ts';

export interface IdentifyingEvidence {
  /** The whole request body. */
  readonly body: Uint8Array;
  /** Service in the credential scope of the client's SigV4 signature; undefined for other credentials. */
  readonly signingService: string | undefined;
}

/**
 * Resource types by the service that tags them and keeps their policies; types that are not named here belong to the
 * service `bedrock`. From the ARN patterns of the AWS models.
 */
const RESOURCE_OWNERS: ReadonlyMap<string, ServiceId> = new Map([
  ['session', 'bedrock-agent-runtime'],
  ['agent', 'bedrock-agent'],
  ['agent-alias', 'bedrock-agent'],
  ['knowledge-base', 'bedrock-agent'],
  ['flow', 'bedrock-agent'],
  ['prompt', 'bedrock-agent'],
  ['blueprint', 'bedrock-data-automation'],
]);

const DATA_AUTOMATION_PREFIX = /^(?:data-automation|blueprint)-/;

export interface IdentifiedOperation {
  readonly operation: Operation;
  /** The ARN of what the operation is about, from the path, the query or the body, where one was found. */
  readonly resourceArn: Arn | null;
}

/**
 * Decides which of a route's candidates a request means: by the ARN in the path or else the body's `resourceARN`, then
 * by the scope of its signature.
 *
 * @throws Refusal `ambiguousOperation` when several are still left, `invalidRequest` for a doubled `resourceARN`.
 */
export function identifyOperation(route: Route, evidence: IdentifyingEvidence): IdentifiedOperation {
  const inPath = route.resourceArns[0] ?? null;
  if (route.candidates.length === 1) {
    const [operation] = route.candidates;
    return { operation, resourceArn: inPath ?? arnInQuery(operation, route.query) };
  }
  const resourceArn = inPath ?? resourceArnOf(evidence.body);
  return { operation: meantOperation(route, resourceArn, evidence.signingService), resourceArn };
}

function meantOperation(route: Route, arn: Arn | null, signingService: string | undefined): Operation {
  const { candidates } = route;
  const meant = arn === null ? candidates : candidates.filter(({ service }) => mayOwn(service, arn));
  if (meant.length === 1 && meant[0] !== undefined) return meant[0];

  const scoped = meant.filter(({ service }) => SERVICES[service].signingName === signingService);
  if (scoped.length === 1 && scoped[0] !== undefined) return scoped[0];
  throw ambiguous(route);
}

function resourceArnOf(body: Uint8Array): Arn | null {
  const resourceArn = readJsonString(body, ['resourceARN']);
  if (resourceArn.kind === 'duplicate') throw new Refusal('invalidRequest', 'The body names resourceARN twice.');
  return resourceArn.kind === 'found' ? parseArn(resourceArn.value) : null;
}

/** Whether an ARN says that its resource is in the care of `service`. */
function mayOwn(service: ServiceId, arn: Arn): boolean {
  if (arn.service !== SERVICES[service].signingName) return false;
  if (arn.service === 'bedrock-agentcore') return service === 'bedrock-agentcore-control';
  return ownerOf(arn.resource.split('/', 1)[0] ?? '') === service;
}

function ownerOf(resourceType: string): ServiceId {
  if (DATA_AUTOMATION_PREFIX.test(resourceType)) return 'bedrock-data-automation';
  return RESOURCE_OWNERS.get(resourceType) ?? 'bedrock';
}

function ambiguous({ candidates }: Route): Refusal {
  const services = candidates.map(({ service }) => service).join(', ');
  return new Refusal(
    'ambiguousOperation',
    `${candidates[0].name} belongs to ${services}: give the ARN of a resource of one of them, or use /bedrock/-/{service}/{region}/… as the endpoint.`,
  );
}
