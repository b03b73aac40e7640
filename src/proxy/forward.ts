import type { Attribution } from '../domain/call-record.ts';
import { Refusal } from '../domain/errors.ts';
import { isPlainHeaderValue, travelsOutbound } from '../domain/headers.ts';
import { LOOP_MARKER, markPassage } from '../domain/loop-marker.ts';
import type { Operation } from '../domain/operations/operation.ts';
import type { Route } from '../domain/operations/route.ts';
import { SERVICES } from '../domain/operations/services.ts';
import { traceParentOfCall } from '../domain/trace-context.ts';
import type { AwsIdentity, Exchange, Target, UpstreamRequest } from '../ports.ts';
import type { Call } from './call.ts';
import type { NamedInRequest } from './named-in-request.ts';
import type { Proxy } from './proxy.ts';
import type { Body } from './read-body.ts';
import { whenKnown } from './when-known.ts';

/** A request that has passed every check. */
export interface PermittedRequest {
  readonly exchange: Exchange;
  readonly route: Route;
  readonly operation: Operation;
  readonly region: string;
  readonly body: Body;
  readonly named: NamedInRequest;
}

/** By AWS's model of the operations that have it: texts of at most 256 characters out of few. */
const METADATA_HEADER = 'x-amzn-bedrock-request-metadata';
const METADATA_CHARACTERS = /[^a-zA-Z0-9\s:_@$#=/+,.-]/g;
const METADATA_LENGTH_MAX = 256;

/** A header by its lower-case name. */
type Header = readonly [name: string, value: string];

/**
 * Makes of a permitted request what Bedrock gets: the same method, path, query and body bytes, the headers that may
 * travel, and the gateway's own identity.
 * @throws Refusal noCredentials, invalidRequest for a header value that can't be passed on
 */
export function composeRequest(
  permitted: PermittedRequest,
  call: Call,
  proxy: Proxy,
): UpstreamRequest | Promise<UpstreamRequest> {
  const identity = proxy.identities.forService(permitted.operation.service);
  return whenKnown(identity, (known) => composeAs(known, permitted, call, proxy));
}

function composeAs(identity: AwsIdentity, permitted: PermittedRequest, call: Call, proxy: Proxy): UpstreamRequest {
  const { exchange, route, operation, body } = permitted;
  const target = proxy.targets.of(operation.service, permitted.region);
  const path = target.basePath + route.upstreamPath;
  const travelling = travellingHeaders(exchange, operation);
  const headers = proxy.options.traceContext === 'take-and-pass' ? inTrace(travelling, call) : travelling;
  const marker: Header[] = target.custom
    ? [[LOOP_MARKER, markPassage(exchange.headers.get(LOOP_MARKER), proxy.instanceId)]]
    : [];
  const metadata = metadataOf(permitted, call.metered?.attribution ?? null, proxy);
  if (metadata !== null) headers.push([METADATA_HEADER, metadata]);
  const proof = proofOf(identity, permitted, target, path, headers, proxy);

  return {
    origin: target.origin,
    method: exchange.method,
    path: route.query === '' ? path : `${path}?${route.query}`,
    headers: alternating(target.host, headers, marker, proof),
    body: body.bytes.byteLength === 0 ? null : body.bytes,
    headersTimeoutMs:
      operation.kind === 'invoke' ? proxy.options.invokeHeadersTimeoutMs : proxy.options.headersTimeoutMs,
    idleTimeoutMs: proxy.options.idleTimeoutMs,
  };
}

/** Whom the call is for, in AWS's own logs of invocations, if the operator wants that and the client says nothing of its own. */
function metadataOf(
  { exchange, operation }: PermittedRequest,
  attribution: Attribution | null,
  { options }: Proxy,
): string | null {
  if (!options.forwardAttribution || attribution === null || !operation.headers.includes(METADATA_HEADER)) return null;
  if (exchange.headers.get(METADATA_HEADER) !== undefined) return null;
  const { keyAlias, teamId } = attribution;
  if (keyAlias === null && teamId === null) return null;
  return JSON.stringify({
    ...(keyAlias === null ? {} : { outcrop_key: metadataText(keyAlias) }),
    ...(teamId === null ? {} : { outcrop_team: metadataText(teamId) }),
  });
}

function metadataText(text: string): string {
  return text.replace(METADATA_CHARACTERS, '_').slice(0, METADATA_LENGTH_MAX);
}

/** Names and values in turn. Not by `flat`, which costs as much as signing does. */
function alternating(host: string, ...groups: readonly (readonly Header[])[]): string[] {
  const flat = ['host', host];
  for (const group of groups) for (const [name, value] of group) flat.push(name, value);
  // An answer that nobody has to inflate can be watched, and is what every client takes.
  flat.push('accept-encoding', 'identity');
  return flat;
}

function travellingHeaders(exchange: Exchange, operation: Operation): Header[] {
  const { names, values } = exchange.headers;
  const isAwsJson = SERVICES[operation.service].protocol === 'aws-json-1.1';
  const travelling: Header[] = [];
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index] ?? '';
    const value = values[index] ?? '';
    if (!travelsOutbound(name, operation.headers) && !(isAwsJson && name === 'x-amz-target')) continue;
    if (!isPlainHeaderValue(value)) {
      throw new Refusal(
        'invalidRequest',
        `The header ${name} has characters beyond visible ASCII, which can't be passed on.`,
      );
    }
    travelling.push([name, value]);
  }
  return travelling;
}

/** With the call as parent of what Bedrock does. The state of a trace means nothing without the trace. */
function inTrace(headers: readonly Header[], { id, traceParent }: Call): Header[] {
  const kept = headers.filter(([name]) => name !== 'traceparent' && (name !== 'tracestate' || traceParent !== null));
  return [...kept, ['traceparent', traceParentOfCall(traceParent, id)]];
}

function proofOf(
  identity: AwsIdentity,
  { exchange, route, operation, region, body }: PermittedRequest,
  target: Target,
  path: string,
  headers: readonly Header[],
  proxy: Proxy,
): Header[] {
  if (identity.kind === 'bearer') return [['authorization', `Bearer ${identity.token}`]];

  const { credentials } = identity;
  const signature = proxy.sign(
    {
      method: exchange.method,
      path,
      query: route.query,
      headers: signedOf(target, headers),
      payloadSha256Hex: body.sha256Hex,
      timeMs: proxy.clock.nowMs(),
    },
    credentials,
    { region, service: SERVICES[operation.service].signingName },
  );
  const proof: Header[] = [
    ['x-amz-date', signature.amzDate],
    ['authorization', signature.authorization],
  ];
  if (credentials.sessionToken !== undefined) proof.push(['x-amz-security-token', credentials.sessionToken]);
  return proof;
}

function signedOf(target: Target, headers: readonly Header[]): readonly Header[] {
  const signed: Header[] = [['host', target.host]];
  for (const header of headers) if (isSigned(header[0])) signed.push(header);
  return signed;
}

/**
 * What the signature covers beside the host: what decides the meaning of the request. The rest (user-agent, tracing,
 * accept) is left out, since proxies on the way to AWS may touch it; x-amzn-trace-id is on AWS's own never-sign list.
 */
function isSigned(name: string): boolean {
  return name === 'content-type' || (name.startsWith('x-amz') && name !== 'x-amzn-trace-id');
}
