import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect as tcpConnect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import {
  SIMULATOR_BEARER_TOKEN,
  SIMULATOR_CREDENTIALS,
  startSimulator,
  type Simulator,
} from '../../simulator/index.ts';
import { startOutcrop, type Run } from '../commands/run-outcrop.ts';
import { MASTER_KEY, startTestGateway } from '../support/test-gateway.ts';

const CONVERSE = '/bedrock/model/amazon.nova-lite-v1%3A0/converse';
const BODY = '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}';
const SESSION_TOKEN = 'token-of-the-assumed-role';

async function converse(origin: string): Promise<Response> {
  const headers = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };
  return fetch(origin + CONVERSE, { method: 'POST', headers, body: BODY });
}

async function originOf(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `http://127.0.0.1:${address.port}`;
}

test('gateways that lead to each other refuse the request when it comes back, and it comes back once', async () => {
  let second = '';
  let passages = 0;
  // Stands where the second gateway will be, whose port is not known before the first has started.
  const passage = createTcpServer((socket) => {
    passages += 1;
    socket.pipe(tcpConnect(Number(new URL(second).port), '127.0.0.1')).pipe(socket);
    socket.on('error', () => undefined);
  });
  const pointedAt = (origin: string) => ({
    anonymous: true,
    env: { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: `${origin}/bedrock` },
  });
  const first = await startTestGateway(pointedAt(await originOf(passage)));
  const other = await startTestGateway(pointedAt(first.origin));
  second = other.origin;
  try {
    const response = await converse(first.origin);
    assert.equal(response.status, 400);
    assert.equal(response.headers.get('x-amzn-errortype'), 'ValidationException');
    assert.match(await response.text(), /come back to the gateway/);
    assert.equal(passages, 1);
  } finally {
    await first.close();
    await other.close();
    passage.close();
  }
});

test('a Bedrock API key of AWS is used for the services that take one, credentials for the others', async () => {
  const running = await startTestGateway({
    env: { AWS_BEARER_TOKEN_BEDROCK: SIMULATOR_BEARER_TOKEN },
  });
  const { simulator, origin } = running;
  const headers = { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' };
  try {
    await converse(origin);
    await fetch(`${origin}/bedrock/foundation-models`, { headers });
    await fetch(`${origin}/bedrock/knowledgebases/KB12345678/retrieve`, {
      method: 'POST',
      headers,
      body: '{"retrievalQuery":{"text":"x"}}',
    });
    const seen = simulator.requests().map(({ service, signature }) => `${service}: ${signature}`);
    assert.deepEqual(seen, ['bedrock-runtime: bearer', 'bedrock: bearer', 'bedrock-agent-runtime: valid']);
  } finally {
    await running.close();
  }
});

describe('the credential chain', () => {
  /** A stand-in for STS that gives out the simulator's credentials to whoever brings a token. */
  function startSts(requests: string[]): Server {
    const answer = async (request: IncomingMessage): Promise<string> => {
      requests.push(await text(request));
      const { accessKeyId, secretAccessKey } = SIMULATOR_CREDENTIALS;
      return (
        '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">' +
        '<AssumeRoleWithWebIdentityResult><Credentials>' +
        `<AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>` +
        `<SessionToken>${SESSION_TOKEN}</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration>` +
        '</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>'
      );
    };
    return createServer((request, response) => {
      void answer(request).then((xml) => response.writeHead(200, { 'content-type': 'text/xml' }).end(xml));
    });
  }

  /** A gateway process with a web identity, as in a Kubernetes pod, and Bedrock at the simulator. */
  async function withWebIdentity(
    simulator: Simulator,
    env: Readonly<Record<string, string>>,
    use: (run: Run, origin: string) => Promise<void>,
  ): Promise<void> {
    const folder = mkdtempSync(path.join(tmpdir(), 'outcrop-web-identity-'));
    writeFileSync(path.join(folder, 'token'), 'a-web-identity-token');
    const run = startOutcrop(['start', '--port', '0'], {
      env: {
        AWS_ENDPOINT_URL: simulator.origins['bedrock-runtime'],
        AWS_WEB_IDENTITY_TOKEN_FILE: path.join(folder, 'token'),
        AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/gateway',
        OUTCROP_REGION: 'us-east-1',
        OUTCROP_HOST: '127.0.0.1',
        OUTCROP_MASTER_KEY: MASTER_KEY,
        OUTCROP_SHUTDOWN_NOTICE_MS: '0',
        ...env,
      },
    });
    try {
      await run.says('Point Bedrock clients at');
      await use(run, /http:\/\/127\.0\.0\.1:\d+/.exec(run.output())?.[0] ?? '');
    } finally {
      run.child.kill('SIGTERM');
      await run.ended;
      rmSync(folder, { recursive: true });
    }
  }

  test('asks the STS it was told to ask, not the endpoint of Bedrock, and signs with what it got', async () => {
    const simulator = await startSimulator({ credentials: { ...SIMULATOR_CREDENTIALS, sessionToken: SESSION_TOKEN } });
    const requests: string[] = [];
    const sts = startSts(requests);
    const env = { AWS_ENDPOINT_URL_STS: await originOf(sts), AWS_REGION: 'us-east-1' };
    await withWebIdentity(simulator, env, async (run, origin) => {
      const response = await converse(origin);
      assert.equal(response.status, 200, (await response.text()) + run.errors());
    });
    assert.equal(requests.length, 1);
    assert.match(requests[0] ?? '', /Action=AssumeRoleWithWebIdentity.*WebIdentityToken=a-web-identity-token/s);
    assert.deepEqual(
      simulator.requests().map(({ operation, signature }) => `${operation}: ${signature}`),
      ['Converse: valid'],
    );
    sts.close();
    await simulator.close();
  });

  test('is not led astray by AWS_ENDPOINT_URL, which is meant for Bedrock', async () => {
    const simulator = await startSimulator();
    // No such region has an STS, so nothing leaves this machine but a question for its name.
    await withWebIdentity(simulator, { AWS_REGION: 'xx-nowhere-1' }, async (run, origin) => {
      await run.says('No AWS credentials');
      assert.equal((await converse(origin)).status, 503);
    });
    assert.deepEqual(simulator.requests(), []);
    await simulator.close();
  });
});
