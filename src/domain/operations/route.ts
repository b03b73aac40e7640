import type { Arn } from '../aws/arn.ts';
import type { RequestTarget } from '../request-target.ts';
import { arnsOfUnmodelledPath, NO_ARNS, readLabels } from './labels.ts';
import type { LabelValues } from './labels.ts';
import { mountOf, pathBelow } from './mounts.ts';
import type { Mount } from './mounts.ts';
import { refuseUncarriedOperation, refuseUncarriedPath } from './not-carried.ts';
import { lookalike, noOperation, outsideMounts, withoutTarget } from './not-found.ts';
import type { Operation } from './operation.ts';
import { awsJsonOperation, PATHS, unmodelledUnder } from './operation-index.ts';
import { findOperations } from './path-trie.ts';
import type { ServiceId } from './services.ts';

export interface RoutedRequest {
  /** As sent; methods are case-sensitive (RFC 9110, 9.1). */
  readonly method: string;
  readonly target: RequestTarget;
  /** Value of the `X-Amz-Target` header, by which awsJson names its operation. */
  readonly amzTarget: string | undefined;
}

/** Several only where services share a method and path: then each is of another service. */
type Candidates = readonly [Operation, ...Operation[]];

/** Where a request goes, as far as method, path and `X-Amz-Target` tell. */
export interface Route {
  readonly candidates: Candidates;
  /** Raw path labels by the names of the AWS model; empty for an unmodelled path. */
  readonly labels: Readonly<Record<string, string>>;
  /** The ARNs among the labels, in the order of the path. */
  readonly resourceArns: readonly Arn[];
  /** The raw path that AWS gets. */
  readonly upstreamPath: string;
  /** The raw query, without `?`. */
  readonly query: string;
  /** The service an explicit mount names. */
  readonly service: ServiceId | undefined;
  /** The region an explicit mount names, as the client wrote it: only text until it is looked up among the allowed. */
  readonly region: string | undefined;
  /** The largest bound among the candidates. */
  readonly bodyBytesMax: number;
}

const UNMODELLED_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const NO_LABELS: LabelValues = { values: {}, arns: NO_ARNS };

/**
 * Finds the operation of a request, or the few that only the body can tell apart.
 *
 * @throws Refusal `unknownOperation` where nothing has this method and path, `notImplemented` for parts of Bedrock
 * that are not carried, `invalidRequest` for an encoded slash where none belongs.
 */
export function routeRequest({ method, target, amzTarget }: RoutedRequest): Route {
  const { segments } = target;
  const mount = mountOf(segments);
  refuseUncarriedPath(mount, segments);
  if (mount === undefined) throw outsideMounts(method, target);
  if (isRoot(mount, segments)) return routeAwsJson(method, target, mount, amzTarget);

  const [end, ...others] = findOperations(PATHS, segments, mount.segmentCount, {
    method: method === 'HEAD' ? 'GET' : method,
    service: mount.service,
  });
  if (end === undefined) return routeUnmodelled(method, target, mount);
  refuseUncarriedOperation(end.operation);
  const candidates: Candidates = [end.operation, ...others.map(({ operation }) => operation)];
  return newRoute(mount, target, candidates, readLabels(end.labels, segments, mount.segmentCount));
}

/** `/bedrock` (boto3) and `/bedrock/` (the JS SDK) alike. */
function isRoot({ segmentCount }: Mount, segments: readonly string[]): boolean {
  return segments.length === segmentCount || (segments.length === segmentCount + 1 && segments[segmentCount] === '');
}

function routeAwsJson(method: string, target: RequestTarget, mount: Mount, amzTarget: string | undefined): Route {
  const operation = method === 'POST' && amzTarget !== undefined ? awsJsonOperation(amzTarget) : undefined;
  const isOfMount = mount.service === undefined || mount.service === operation?.service;
  if (operation === undefined || !isOfMount) throw withoutTarget(method, target);
  return newRoute(mount, target, [operation], NO_LABELS);
}

/** A path newer than the table, if one service alone can be meant and it is no other spelling of a path we know. */
function routeUnmodelled(method: string, target: RequestTarget, mount: Mount): Route {
  const slip = lookalike(method, target, mount);
  if (slip !== undefined) throw slip;
  const operation = unmodelledUnder(target.segments[mount.segmentCount] ?? '', mount.service);
  if (operation === undefined || !UNMODELLED_METHODS.has(method) || escapesUnreserved(target.path)) {
    throw noOperation(method, target, mount);
  }
  const arns = arnsOfUnmodelledPath(target.segments, mount.segmentCount);
  return newRoute(mount, target, [operation], { values: NO_LABELS.values, arns });
}

/**
 * Whether a character that never needs an escape has one (RFC 3986, 2.3). No client sends that, and a literal such as
 * `invoke` could hide behind it.
 */
function escapesUnreserved(path: string): boolean {
  return /%(?:2[DE]|3\d|[46][1-9A-F]|[57][\dA]|5F|7E)/i.test(path);
}

function newRoute(mount: Mount, target: RequestTarget, candidates: Candidates, labels: LabelValues): Route {
  return {
    candidates,
    labels: labels.values,
    resourceArns: labels.arns,
    upstreamPath: pathBelow(mount, target),
    query: target.query,
    service: mount.service,
    region: mount.region,
    bodyBytesMax: candidates.reduce((max, { bodyBytesMax }) => Math.max(max, bodyBytesMax), 0),
  };
}
