import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Answer, Asked } from './answers/answer.ts';
import { answerOf } from './answers/index.ts';
import type { ArrivedRequest } from './arrived-request.ts';
import { header, queryValues, splitTarget } from './arrived-request.ts';
import { BedrockError, invalid, unknownOperation } from './bedrock-error.ts';
import { checkHeaders, checkSingleHeaders } from './check-headers.ts';
import type { Fault, FaultList } from './faults.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Ledger, OpenRecord, RequestHead } from './ledger.ts';
import type { Pace } from './pace.ts';
import { breakOff, respond } from './respond.ts';
import { routeByPath, routeByTarget } from './route.ts';
import type { Route } from './route.ts';
import type { ServiceId } from './services.ts';
import { serviceOf } from './services.ts';
import type { Ticker } from './ticker.ts';
import { verifySignature } from './verify-signature.ts';
import type { Credentials } from './verify-signature.ts';

/** What all eight services share. */
export interface Shared {
  readonly credentials: Credentials;
  readonly regions: readonly string[];
  readonly bearerTokens: readonly string[];
  readonly unknownHeaders: 'refuse' | 'ignore';
  readonly ledger: Ledger;
  readonly faults: FaultList;
  readonly ticker: Ticker;
  readonly resources: ReadonlyMap<string, JsonObject>;
  /** Milliseconds since the epoch, with a fraction. */
  readonly clock: () => number;
  pace(): Pace;
}

// Above every bound AWS documents for a Bedrock request; it only keeps a slip from filling the memory.
const BODY_BYTES_MAX = 128 * 1024 * 1024;

/** The HTTP/1.1 server of one service. */
export function createServiceServer(service: ServiceId, shared: Shared): Server {
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    handle(service, shared, request, response).catch((error: unknown) => response.destroy(asError(error)));
  });
  // A paced stream may rest longer than any timeout would allow.
  server.requestTimeout = 0;
  return server;
}

/** The life of a request: record it, judge it, answer it. */
async function handle(
  service: ServiceId,
  shared: Shared,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { ledger } = shared;
  const requestId = randomUUID();
  const head = readHead(incoming);
  const record = ledger.open(service, requestId, head);
  response.once('close', () => ledger.close(record, response.writableFinished ? 'completed' : 'client-gone'));

  const body = await readBody(incoming);
  ledger.received(record, body.bytes);
  if (!body.isWhole) return;

  const { answer, faults } = judge(service, shared, record, { ...head, body: body.bytes });
  await wait(delayOf(answer, faults, shared.pace()), response);
  if (response.destroyed) return;

  const noAnswer = faults.find((fault) => fault.kind === 'no-answer');
  if (noAnswer !== undefined) {
    if (noAnswer.ending !== 'stall') ledger.close(record, 'fault');
    breakOff(incoming.socket, noAnswer.ending);
    return;
  }
  record.status = answer.status;
  respond(response, {
    answer: { ...answer, headers: { 'x-amzn-requestid': requestId, ...answer.headers } },
    faults,
    ticker: shared.ticker,
    sent: (piece) => ledger.sent(record, piece),
    ended: (ending) => ledger.close(record, ending),
  });
}

/** Decides what to answer. Everything Bedrock would refuse becomes an error answer here, and only here. */
function judge(
  service: ServiceId,
  shared: Shared,
  record: OpenRecord,
  request: ArrivedRequest,
): { answer: Answer; faults: readonly Fault[] } {
  const { protocol } = serviceOf(service);
  let faults: readonly Fault[] = [];
  try {
    const route = identify(service, shared, record, request);
    faults = shared.faults.take(service, route.operation.operation);
    const injected = faults.find((fault) => fault.kind === 'error');
    if (injected !== undefined) {
      const error = new BedrockError(injected.status, injected.exception, injected.message ?? 'A fault was injected.');
      return { answer: errorAnswer(error, protocol, injected.headers), faults };
    }
    const answer = answerOf(route.operation)(asked(route, record, request, shared));
    return { answer: protocol === 'awsJson1.1' ? asAwsJson(answer) : answer, faults };
  } catch (error) {
    if (!(error instanceof BedrockError)) throw error;
    record.refusal = `${error.exception}: ${error.message}`;
    return { answer: errorAnswer(error, protocol), faults };
  }
}

/** Who asks for what, in the order AWS decides it: the operation, the signature, then what else the request says. */
function identify(service: ServiceId, shared: Shared, record: OpenRecord, request: ArrivedRequest): Route {
  const { signingName, bearer, protocol } = serviceOf(service);
  checkSingleHeaders(request);
  const route = routeOf(service, protocol, request);
  record.operation = route.operation.operation;
  record.labels = route.labels;

  record.signature = 'refused';
  const signer = verifySignature(request, {
    credentials: shared.credentials,
    regions: shared.regions,
    signingName,
    bearerTokens: bearer ? shared.bearerTokens : [],
    nowMs: shared.clock(),
  });
  record.signature = signer.scheme === 'bearer' ? 'bearer' : 'valid';
  if (signer.scheme === 'sigv4') {
    record.accessKeyId = signer.accessKeyId;
    record.scope = signer.scope;
  }
  if (shared.unknownHeaders === 'refuse') checkHeaders(request, route.operation, protocol);
  return route;
}

function routeOf(service: ServiceId, protocol: string, request: ArrivedRequest): Route {
  if (protocol === 'rest-json') return routeByPath(service, request.method, request.rawPath);
  if (header(request, 'content-type') !== 'application/x-amz-json-1.1') throw unknownOperation();
  return routeByTarget(service, request.method, request.rawPath, header(request, 'x-amz-target') ?? '');
}

function asked(route: Route, record: OpenRecord, request: ArrivedRequest, shared: Shared): Asked {
  return {
    ...route,
    request,
    query: record.query,
    json: () => parseJson(request.body),
    pace: shared.pace(),
    resources: shared.resources,
    clock: shared.clock,
  };
}

function parseJson(body: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw invalid('The request body is not valid JSON.');
  }
  if (!isObject(value)) throw invalid('The request body is not a JSON object.');
  return value;
}

function errorAnswer(error: BedrockError, protocol: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const { status, exception, message } = error;
  const body = protocol === 'awsJson1.1' ? { __type: exception, message } : { message };
  const contentType = protocol === 'awsJson1.1' ? 'application/x-amz-json-1.1' : 'application/json';
  return {
    status,
    headers: { 'content-type': contentType, 'x-amzn-errortype': exception, ...headers },
    pieces: [Buffer.from(JSON.stringify(body))],
  };
}

function asAwsJson(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'content-type': 'application/x-amz-json-1.1' } };
}

function readHead(incoming: IncomingMessage): RequestHead {
  const target = incoming.url ?? '';
  const { rawPath, rawQuery } = splitTarget(target);
  const rawHeaders: [string, string][] = [];
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    rawHeaders.push([incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '']);
  }
  return { method: incoming.method ?? '', target, rawPath, rawQuery, rawHeaders, query: queryValues(rawQuery) };
}

/** Reads the body, or as much of it as comes: a client that leaves in the middle is no error here. */
async function readBody(incoming: IncomingMessage): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of incoming) {
      if (!Buffer.isBuffer(piece)) continue;
      pieces.push(piece);
      size += piece.length;
      if (size > BODY_BYTES_MAX) break;
    }
  } catch {
    return { bytes: Buffer.concat(pieces), isWhole: false };
  }
  return { bytes: Buffer.concat(pieces), isWhole: size <= BODY_BYTES_MAX };
}

function delayOf(answer: Answer, faults: readonly Fault[], pace: Pace): number {
  return faults.reduce((sum, fault) => sum + (fault.delayMs ?? 0), answer.delayMs ?? pace.delayMs);
}

/** Waits, but not longer than the client does. */
async function wait(delayMs: number, response: ServerResponse): Promise<void> {
  if (delayMs === 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
