import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BedrockError, invalid } from './bedrock-error.ts';
import type { FaultList } from './faults.ts';
import { parseFault } from './faults.ts';
import { isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Ledger, SimulatorRequest } from './ledger.ts';
import { adjustPace } from './pace.ts';
import type { Pace } from './pace.ts';

/** The simulator's own routes, on a port of their own so that they can't be mistaken for Bedrock's. */

interface Controlled {
  readonly ledger: Ledger;
  readonly faults: FaultList;
  pace(): Pace;
  setPace(pace: Pace): void;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const HELP = `Control routes of the Bedrock simulator (JSON in, JSON out)

GET    /requests     what arrived, oldest first, and how it was answered
DELETE /requests     forget it
GET    /faults       the faults in force
POST   /faults       inject one; answers its id
DELETE /faults       clear all, or one: /faults/{id}
GET    /pace         how fast answers are
PUT    /pace         change it: {"delayMs": 0, "intervalMs": 50, "chunks": 100, "textBytes": 20}

A fault, for example:
  {"operation": "ConverseStream", "kind": "cut", "afterBytes": 700, "ending": "reset"}
  {"service": "bedrock-runtime", "kind": "error", "status": 429, "exception": "ThrottlingException", "count": 2}

simulator/README.md describes all of them.
`;

const CONTROL_BODY_BYTES_MAX = 1024 * 1024;

/** The HTTP server of the control routes. */
export function createControlServer(controlled: Controlled): Server {
  return createServer((request, response) => {
    handle(controlled, request, response).catch(() => response.destroy());
  });
}

async function handle(controlled: Controlled, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'GET' && request.url === '/') {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(HELP);
    return;
  }
  const { status, body } = await reply(controlled, request);
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body, null, 2)}\n`);
}

async function reply(controlled: Controlled, request: IncomingMessage): Promise<Reply> {
  try {
    return await perform(controlled, `${request.method} ${request.url}`, request);
  } catch (error) {
    if (!(error instanceof BedrockError)) throw error;
    return { status: error.status, body: { message: error.message } };
  }
}

async function perform(controlled: Controlled, what: string, request: IncomingMessage): Promise<Reply> {
  const { ledger, faults } = controlled;
  switch (what) {
    case 'GET /requests':
      return { status: 200, body: ledger.requests().map(describe) };
    case 'DELETE /requests':
      ledger.clear();
      return { status: 200, body: {} };
    case 'GET /faults':
      return { status: 200, body: faults.list() };
    case 'POST /faults':
      return { status: 201, body: { id: faults.inject(parseFault(await readJson(request))).id } };
    case 'DELETE /faults':
      faults.clear();
      return { status: 200, body: {} };
    case 'GET /pace':
      return { status: 200, body: controlled.pace() };
    case 'PUT /pace':
      controlled.setPace(adjustPace(controlled.pace(), await readJson(request)));
      return { status: 200, body: controlled.pace() };
    default:
      return clearOne(faults, what);
  }
}

function clearOne(faults: FaultList, what: string): Reply {
  const [, id] = /^DELETE \/faults\/(\d+)$/.exec(what) ?? [];
  if (id === undefined) return { status: 404, body: { message: 'GET / lists the control routes.' } };
  faults.clear(Number(id));
  return { status: 200, body: {} };
}

// A user may point an application with real credentials here: what could be used elsewhere is not shown.
const MASKED = new Set(['authorization', 'cookie', 'x-amz-security-token', 'x-api-key']);

function describe(request: SimulatorRequest): JsonObject {
  const { body, rawHeaders, ...rest } = request;
  return {
    ...rest,
    headers: rawHeaders.map(([name, value]) => [name, MASKED.has(name.toLowerCase()) ? '…' : value]),
    bodyBytes: body.length,
    bodySha256: createHash('sha256').update(body).digest('hex'),
    body: body.toString('utf8', 0, 16_384),
  };
}

async function readJson(request: IncomingMessage): Promise<JsonObject> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) {
    text += String(piece);
    if (text.length > CONTROL_BODY_BYTES_MAX) throw invalid('The request is too long.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('The request is not valid JSON.');
  }
  if (!isObject(value)) throw invalid('The request is not a JSON object.');
  return value;
}
