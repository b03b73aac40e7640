import assert from 'node:assert/strict';
import { request as http1 } from 'node:http';
import { connect as http2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import type { SimulatorRequest } from '../../simulator/index.ts';
import { needs } from '../support/needs.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { http1Request } from './http1-request.ts';
import { runCommand } from './run-command.ts';

/** The forms of HTTP a client may choose: versions, methods with and without a body, framings, Expect. */

const CREDENTIALS = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };
const CONVERSE = '/bedrock/model/amazon.nova-lite-v1%3A0/converse';
const CONVERSE_BODY = '{"messages":[{"role":"user","content":[{"text":"What is an outcrop?"}]}]}';

interface Form {
  readonly method: string;
  readonly target: string;
  readonly body: string;
  readonly service: string;
}

const FORMS: readonly Form[] = [
  { method: 'GET', target: '/foundation-models?byProvider=amazon', body: '', service: 'bedrock' },
  { method: 'GET', target: '/foundation-models', body: '{"odd":"but legal"}', service: 'bedrock' },
  { method: 'PUT', target: '/agents/', body: '{"agentName":"ü"}', service: 'bedrock-agent' },
  { method: 'PUT', target: '/agents/', body: '', service: 'bedrock-agent' },
  { method: 'PATCH', target: '/provisioned-model-throughput/pm-1', body: '{"a":1}', service: 'bedrock' },
  { method: 'DELETE', target: '/agents/AGENT12345/', body: '', service: 'bedrock-agent' },
  { method: 'DELETE', target: '/flows/FLOW123456/', body: '{"a":1}', service: 'bedrock-agent' },
  { method: 'POST', target: '/agents/AGENT12345/', body: '', service: 'bedrock-agent' },
  { method: 'POST', target: '/sessions/', body: '{}', service: 'bedrock-agent-runtime' },
];

let gateway: TestGateway;
let session: ClientHttp2Session;
before(async () => {
  gateway = await startTestGateway();
  session = http2(gateway.origin);
});
afterEach(() => gateway.simulator.clearRequests());
after(async () => {
  session.destroy();
  await gateway.close();
});

function onlyRequest(): SimulatorRequest {
  const [request, ...others] = gateway.forwarded();
  assert.ok(request !== undefined && others.length === 0, 'not exactly one request arrived');
  return request;
}

for (const { method, target, body, service } of FORMS) {
  const title = `${method} ${target} ${body === '' ? 'without a body' : 'with a body'}`;
  const arrived = (): void => {
    const request = onlyRequest();
    const { signature, refusal } = request;
    assert.deepEqual(
      [request.service, request.method, request.target, request.body.toString()],
      [service, method, target, body],
    );
    assert.deepEqual([signature, refusal], ['valid', undefined]);
  };

  test(`${title}, HTTP/1.1`, async () => {
    const answer = await http1Request(gateway.origin, {
      method,
      target: `/bedrock${target}`,
      headers: CREDENTIALS,
      body,
    });
    arrived();
    assert.equal(answer.status, 200, answer.body.toString());
  });

  test(`${title}, HTTP/2`, async () => {
    const { status } = await http2Request({ method, target: `/bedrock${target}`, body });
    arrived();
    assert.equal(status, 200);
  });
}

describe('HEAD', () => {
  test('goes as HEAD where GET is an operation, and has no body', async () => {
    const target = '/bedrock/foundation-models';
    const first = await http1Request(gateway.origin, { method: 'HEAD', target, headers: CREDENTIALS });
    assert.equal(first.body.length, 0);
    assert.equal(onlyRequest().method, 'HEAD');
    gateway.simulator.clearRequests();
    const second = await http2Request({ method: 'HEAD', target, body: '' });
    assert.equal(second.body, '');
    assert.equal(second.status, first.status);
    assert.equal(onlyRequest().method, 'HEAD');
  });

  for (const { target, body, status } of [
    { target: '/bedrock/foundation-models', body: '', status: 401 },
    { target: '/bedrock/foundation-models', body: '{"odd":"but legal"}', status: 401 },
    { target: '/health', body: '', status: 200 },
    { target: '/health/readiness', body: '{"odd":"but legal"}', status: 200 },
  ]) {
    test(`has no body in an answer of the gateway's own: ${target}${body}`, async () => {
      const { hostname, port } = new URL(gateway.origin);
      const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
      const head = `HEAD ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${length}Connection: close\r\n\r\n`;
      const answer = await rawExchange(head + body);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.ok(answer.endsWith('\r\n\r\n'), answer);
      const second = await http2Request({ method: 'HEAD', target, body, headers: {} });
      assert.deepEqual(second, { status, body: '' });
    });
  }
});

describe('framing', () => {
  test('a chunked body arrives whole, with a length', async () => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const { hostname, port } = new URL(gateway.origin);
    const headers = { ...CREDENTIALS, 'transfer-encoding': 'chunked' };
    const request = http1({ hostname, port, path: CONVERSE, method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    for (const piece of CONVERSE_BODY.match(/.{1,7}/g) ?? []) request.write(piece);
    request.end();
    assert.equal(await promise, 200);
    assert.equal(onlyRequest().body.toString(), CONVERSE_BODY);
  });

  test('a doubled slash is one', async () => {
    const target = '//bedrock//model/amazon.nova-lite-v1%3A0/converse';
    const answer = await http1Request(gateway.origin, {
      method: 'POST',
      target,
      headers: CREDENTIALS,
      body: CONVERSE_BODY,
    });
    assert.equal(answer.status, 200);
    assert.equal(onlyRequest().rawPath, '/model/amazon.nova-lite-v1%3A0/converse');
  });
});

describe('Expect: 100-continue', () => {
  /** What came before the body was sent, and the final status. */
  const expecting = async (key: string): Promise<{ continued: boolean; status: number | undefined }> => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const { hostname, port } = new URL(gateway.origin);
    const headers = {
      authorization: `Bearer ${key}`,
      expect: '100-continue',
      'content-length': Buffer.byteLength(CONVERSE_BODY),
    };
    let continued = false;
    const request = http1({ hostname, port, path: CONVERSE, method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    request.on('error', reject);
    request.on('continue', () => {
      continued = true;
      request.end(CONVERSE_BODY);
    });
    request.flushHeaders();
    const status = await promise;
    request.destroy();
    return { continued, status };
  };

  test('is answered before the body is sent', async () => {
    assert.deepEqual(await expecting(MASTER_KEY), { continued: true, status: 200 });
    const request = onlyRequest();
    assert.equal(request.body.toString(), CONVERSE_BODY);
    assert.ok(!request.rawHeaders.some(([name]) => name.toLowerCase() === 'expect'));
  });

  test('a wrong key is refused before the body is sent', async () => {
    assert.deepEqual(await expecting('sk-wrong'), { continued: false, status: 401 });
    assert.deepEqual(gateway.forwarded(), []);
  });
});

describe('HTTP/1.0', () => {
  const post = (path: string): string =>
    `POST ${path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${MASTER_KEY}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${CONVERSE_BODY.length}\r\n\r\n${CONVERSE_BODY}`;

  test('gets a whole answer and the end of the connection', async () => {
    const answer = await rawExchange(post(CONVERSE));
    assert.match(answer, /^HTTP\/1\.[01] 200 /);
    assert.match(answer, /"stopReason":"end_turn"/);
  });

  test('gets a stream without chunks, which it does not know', async () => {
    const answer = await rawExchange(post(`${CONVERSE}-stream`));
    assert.doesNotMatch(answer, /transfer-encoding/i);
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    // The first frame's length and headers' length are each four bytes: a chunk's size line would stand there otherwise.
    assert.equal(body.charCodeAt(0), 0);
    assert.match(body, /messageStart[\s\S]*metadata/);
  });
});

describe('TLS', needs('curl', 'openssl'), () => {
  for (const [option, version] of [
    ['--http2', '2'],
    ['--http1.1', '1.1'],
  ] as const) {
    test(`curl ${option}`, async () => {
      const selfSigned = makeSelfSigned();
      const secure = await startTestGateway({
        env: { OUTCROP_TLS_CERT: selfSigned.certFile, OUTCROP_TLS_KEY: selfSigned.keyFile },
      });
      const url = `${secure.origin}${CONVERSE}`;
      const argv = ['-sS', option, '--cacert', selfSigned.certFile, url, '-d', CONVERSE_BODY];
      const fields = ['-H', `Authorization: Bearer ${MASTER_KEY}`, '-H', 'Content-Type: application/json'];
      const { stdout, stderr } = await runCommand('curl', [...argv, ...fields, '-w', ' %{http_version}']);
      selfSigned.remove();
      await secure.close();
      assert.match(stdout, /"stopReason":"end_turn"/, stderr);
      assert.equal(stdout.split(' ').at(-1), version);
    });
  }
});

async function http2Request(asked: {
  readonly method: string;
  readonly target: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}): Promise<{ status: number | undefined; body: string }> {
  const { method, target, body, headers = CREDENTIALS } = asked;
  const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; body: string }>();
  const stream = session.request(
    { ':method': method, ':path': target, ...headers, ...length },
    { endStream: body === '' },
  );
  let status: number | undefined;
  let text = '';
  stream.setEncoding('utf8');
  stream.on('response', (headers) => (status = headers[':status']));
  stream.on('data', (piece: string) => (text += piece));
  stream.on('error', reject);
  stream.on('end', () => resolve({ status, body: text }));
  if (body !== '') stream.end(body);
  return promise;
}

/** Sends bytes and gives back all that comes until the gateway ends the connection, one character for each byte. */
async function rawExchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.origin);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host: hostname, port: Number(port) });
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => (text += piece));
  socket.on('error', reject);
  socket.on('end', () => resolve(text));
  socket.write(bytes);
  return promise;
}
