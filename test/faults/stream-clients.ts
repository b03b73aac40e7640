import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as http1Request } from 'node:http';
import { connect as http2Connect } from 'node:http2';
import { connect as tcpConnect } from 'node:net';
import {
  BedrockRuntimeClient,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { CONVERSE_INPUT, INVOKE_INPUT, MODEL_ID, type FaultedOperation } from './operations.ts';

/** How an answer looked to a client. */
export interface Seen {
  /** The client took the answer for complete. */
  readonly clean: boolean;
  /** What it raised, or a status for clients that raise nothing. */
  readonly error: string;
  /** Bytes of the body, for clients that show them. */
  readonly body: Buffer | null;
}

export type StreamClient = (origin: string, operation: FaultedOperation) => Promise<Seen>;

const HEADERS = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };

/** node:http without keep-alive. */
export const nodeHttp: StreamClient = (origin, { path, body }) =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let status = 0;
    const ended = (clean: boolean, error: string): void => resolve({ clean, error, body: Buffer.concat(chunks) });
    const request = http1Request(origin + path, { method: 'POST', headers: HEADERS, agent: false }, (response) => {
      status = response.statusCode ?? 0;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => ended(false, error.message));
      response.on('end', () => ended(status === 200 && response.complete, `status ${status}`));
      response.on('close', () => ended(false, 'closed'));
    });
    request.on('error', (error) => ended(false, error.message));
    request.end(body);
  });

/** node:http2 with prior knowledge. */
export const nodeHttp2: StreamClient = (origin, { path, body }) =>
  new Promise((resolve) => {
    const session = http2Connect(origin);
    session.on('error', () => undefined);
    const stream = session.request({ ...HEADERS, ':method': 'POST', ':path': path });
    const chunks: Buffer[] = [];
    let status = 0;
    let ended = false;
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => (ended = !stream.aborted));
    stream.on('error', () => undefined);
    stream.on('close', () => {
      session.destroy();
      const clean = status === 200 && ended && stream.rstCode === 0;
      resolve({ clean, error: `status ${status}, code ${stream.rstCode}`, body: Buffer.concat(chunks) });
    });
    stream.end(body);
  });

/** HTTP/1.0 by hand: the end of the connection is the end of the answer, so only a reset can say that it was cut. */
export const http10: StreamClient = async (origin, { path, body }) => {
  const socket = tcpConnect(Number(new URL(origin).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  let ended = false;
  let failure = '';
  socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  socket.on('end', () => (ended = true));
  socket.on('error', (error) => (failure = error.message));
  socket.write(
    `POST ${path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${MASTER_KEY}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await once(socket, 'close').catch(() => undefined);
  const whole = Buffer.concat(chunks);
  const headEnd = whole.indexOf('\r\n\r\n');
  const status = whole.subarray(9, 12).toString();
  return {
    clean: ended && failure === '' && status === '200',
    error: failure === '' ? `status ${status}` : failure,
    body: whole.subarray(headEnd + 4),
  };
};

/** curl, over HTTP/1.1 or HTTP/2: its exit code tells whether the transfer was whole. */
export function curl(version: '--http1.1' | '--http2-prior-knowledge'): StreamClient {
  return async (origin, { path, body }) => {
    const headers = Object.entries(HEADERS).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const flags = ['--silent', '--no-buffer', '--fail', '--max-time', '20', version];
    const child = spawn('curl', [...flags, ...headers, '--data-binary', body, origin + path], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = await once(child, 'close');
    return { clean: code === 0, error: `exit code ${code}`, body: Buffer.concat(chunks) };
  };
}

/** The AWS SDK for JavaScript with its default handler, which speaks HTTP/2. */
export const jsSdk: StreamClient = async (origin, { name }) => {
  const client = new BedrockRuntimeClient({
    endpoint: `${origin}/bedrock`,
    region: 'us-east-1',
    token: { token: MASTER_KEY },
    authSchemePreference: ['httpBearerAuth'],
  });
  try {
    for await (const _event of await eventsOf(client, name));
    return { clean: true, error: '', body: null };
  } catch (error) {
    return { clean: false, error: error instanceof Error ? error.name : String(error), body: null };
  } finally {
    client.destroy();
  }
};

async function eventsOf(client: BedrockRuntimeClient, name: FaultedOperation['name']): Promise<AsyncIterable<unknown>> {
  if (name === 'ConverseStream') {
    const { stream } = await client.send(new ConverseStreamCommand({ modelId: MODEL_ID, ...CONVERSE_INPUT }));
    return stream ?? nothing();
  }
  const { body } = await client.send(
    new InvokeModelWithResponseStreamCommand({
      modelId: MODEL_ID,
      contentType: 'application/json',
      body: JSON.stringify(INVOKE_INPUT),
    }),
  );
  return body ?? nothing();
}

async function* nothing(): AsyncIterable<unknown> {}
