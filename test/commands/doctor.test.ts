import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import {
  startSimulator,
  SIMULATOR_CREDENTIALS,
  SIMULATOR_BEARER_TOKEN,
  type Simulator,
} from '../../simulator/index.ts';
import { needs } from '../support/needs.ts';
import { makeSelfSigned, type SelfSigned } from '../support/self-signed.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { runOutcrop } from './run-outcrop.ts';

const reportSchema = z.object({
  ok: z.boolean(),
  findings: z.array(
    z.object({
      about: z.string(),
      state: z.enum(['ok', 'warning', 'fails']),
      found: z.string(),
      mend: z.string().optional(),
    }),
  ),
});
type Report = z.output<typeof reportSchema>;

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
};
const FREE_PORT = { OUTCROP_PORT: '0' };

let simulator: Simulator;
let healthy: Record<string, string>;
let folder: string;

before(async () => {
  simulator = await startSimulator();
  healthy = { ...simulator.environment, ...CREDENTIALS, ...FREE_PORT, AWS_REGION: 'us-east-1' };
  folder = mkdtempSync(path.join(tmpdir(), 'outcrop-doctor-'));
});

after(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true });
});

async function examine(env: Record<string, string>): Promise<Report & { readonly code: number | null }> {
  const { code, output, errors } = await runOutcrop(['doctor', '--json'], { env });
  assert.equal(errors, '');
  return { ...reportSchema.parse(JSON.parse(output)), code };
}

/** The findings about one thing, `state: found` each. */
function about(report: Report, name: string): string[] {
  return report.findings.filter((one) => one.about === name).map(({ state, found }) => `${state}: ${found}`);
}

describe('the doctor finds nothing to mend', () => {
  test('where credentials, region and all eight services are in order', async () => {
    const report = await examine(healthy);
    assert.deepEqual(
      report.findings.filter(({ state }) => state !== 'ok'),
      [],
    );
    assert.equal(report.ok, true);
    assert.equal(report.code, 0);
    assert.deepEqual(about(report, 'AWS credentials'), [
      'ok: AKIA…0000 from the environment',
      'ok: accepted: ListFoundationModels works with them',
    ]);
    assert.deepEqual(about(report, 'AWS region'), ['ok: us-east-1 (from AWS_REGION)']);
    for (const [service, origin] of Object.entries(simulator.origins)) {
      assert.deepEqual(about(report, service), [`ok: ${origin} answers`]);
    }
    assert.deepEqual(about(report, 'Clock'), ['ok: agrees with the services']);
  });

  test('for credentials and a region of a profile, which it names', async () => {
    const file = path.join(folder, 'credentials');
    const { accessKeyId, secretAccessKey } = SIMULATOR_CREDENTIALS;
    writeFileSync(file, `[work]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`);
    const configFile = path.join(folder, 'config');
    writeFileSync(configFile, '[profile work]\nregion=us-west-2\n');
    const report = await examine({
      ...simulator.environment,
      ...FREE_PORT,
      AWS_PROFILE: 'work',
      AWS_SHARED_CREDENTIALS_FILE: file,
      AWS_CONFIG_FILE: configFile,
    });
    assert.deepEqual(about(report, 'AWS credentials'), [
      'ok: AKIA…0000 from profile work',
      'ok: accepted: ListFoundationModels works with them',
    ]);
    assert.deepEqual(about(report, 'AWS region'), ['ok: us-west-2 (from AWS profile work)']);
    assert.equal(report.code, 0);
  });

  test('for a Bedrock API key with no credentials beside it, but says what that leaves out', async () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...others } = healthy;
    const report = await examine({ ...others, AWS_BEARER_TOKEN_BEDROCK: SIMULATOR_BEARER_TOKEN });
    assert.deepEqual(about(report, 'Bedrock API key'), [
      'ok: from AWS_BEARER_TOKEN_BEDROCK, for bedrock and bedrock-runtime',
      'ok: accepted: ListFoundationModels works with them',
    ]);
    assert.match(
      about(report, 'AWS credentials').join('\n'),
      /^warning: none, so only bedrock and bedrock-runtime work/,
    );
    assert.equal(report.code, 0);
  });

  test('on the port where a gateway already runs', async () => {
    const running = await startTestGateway({ anonymous: true });
    const report = await examine({ ...healthy, OUTCROP_PORT: String(running.gateway.port) });
    await running.close();
    assert.match(about(report, 'Listening').join('\n'), /^ok: a gateway is already running on 127\.0\.0\.1:/);
    assert.equal(report.code, 0);
  });
});

describe('the doctor says what would fail', () => {
  test('without credentials and region', async () => {
    const report = await examine({ ...simulator.environment, ...FREE_PORT });
    assert.match(about(report, 'AWS credentials').join('\n'), /^fails: none, so every request is answered 503/);
    assert.match(about(report, 'AWS region').join('\n'), /^fails: none/);
    assert.equal(report.ok, false);
    assert.equal(report.code, 1);
  });

  test('with a secret that does not belong to the access key id, which it never shows', async () => {
    const secret = 'not-the-secret-of-that-access-key-id-0000';
    const { code, output } = await runOutcrop(['doctor'], { env: { ...healthy, AWS_SECRET_ACCESS_KEY: secret } });
    assert.equal(code, 1);
    assert.match(output, /✖ AWS credentials +refused: 403 InvalidSignatureException/);
    assert.match(output, /^AWS credentials: Check that they are whole/m);
    assert.ok(!output.includes(secret) && !output.includes(SIMULATOR_CREDENTIALS.accessKeyId));
  });

  test('with an endpoint where nobody listens, for that service alone', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const port = portOf(closed);
    closed.close();
    const report = await examine({ ...healthy, AWS_ENDPOINT_URL_BEDROCK_AGENT: `http://127.0.0.1:${port}` });
    assert.deepEqual(
      report.findings.filter(({ state }) => state !== 'ok').map((one) => `${one.state}: ${one.about}: ${one.found}`),
      [`fails: bedrock-agent: http://127.0.0.1:${port}: connect: ECONNREFUSED`],
    );
    assert.equal(report.code, 1);
  });

  test('with an endpoint that speaks no TLS where TLS is expected', async () => {
    const origin = simulator.origins['bedrock-runtime'].replace('http:', 'https:');
    const report = await examine({ ...healthy, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: origin });
    assert.match(about(report, 'bedrock-runtime').join('\n'), /^fails: https:.*: TLS: /);
    assert.equal(report.code, 1);
  });

  test('only that nobody listens where a sink sends to, which ends no start', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const url = `http://127.0.0.1:${portOf(closed)}/secret-path`;
    closed.close();
    const report = await examine({ ...healthy, OUTCROP_SINKS: 'slack,file', SLACK_WEBHOOK_URL: url });
    assert.deepEqual(about(report, 'Sinks'), ['warning: slack: it can not be reached (ECONNREFUSED)', 'ok: file']);
    assert.equal(report.code, 0);
  });

  test('with a clock that is ten minutes off', async () => {
    const late = createServer((_request, response) => {
      response.setHeader('date', new Date(Date.now() + 600_000).toUTCString());
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(late, 'listening');
    const endpoint = { AWS_ENDPOINT_URL: `http://127.0.0.1:${portOf(late)}` };
    const report = await examine({ ...CREDENTIALS, ...FREE_PORT, ...endpoint, AWS_REGION: 'us-east-1' });
    late.close();
    assert.match(about(report, 'Clock').join('\n'), /^fails: (599|60\d) s behind the services: AWS refuses/);
    assert.equal(report.code, 1);
  });

  const unusable = path.join(tmpdir(), 'no-such-file.pem');
  const rows = [
    ['a port that is taken by something else', () => ({ OUTCROP_PORT: portOfSimulator() }), 'Listening', /EADDRINUSE/],
    [
      'TLS files that are not there',
      () => ({ OUTCROP_TLS_CERT: unusable, OUTCROP_TLS_KEY: unusable }),
      'TLS',
      /ENOENT/,
    ],
    [
      'a data directory that is a file',
      () => ({ OUTCROP_DATA_DIR: process.execPath }),
      'Data directory',
      /not a folder/,
    ],
    ['an open door to the network', () => ({ OUTCROP_HOST: '0.0.0.0' }), 'Start', /there is no master key/],
    [
      'sinks that lack a setting',
      () => ({ OUTCROP_SINKS: 'stdout,slack,s3_v2' }),
      'Sinks',
      /sink slack: webhook_url .* is missing\nfails: sink s3_v2: s3_bucket_name .* is missing/,
    ],
    [
      'settings of a sink that do not go together',
      () => ({ OUTCROP_SINKS: 'aws_sqs', SQS_QUEUE_URL: 'http://127.0.0.1:9/1/q' }),
      'Sinks',
      /sink aws_sqs: sqs_region_name is missing/,
    ],
    [
      'a pattern of redaction that is none',
      () => ({ OUTCROP_REDACT_PATTERNS: '(a|b)' }),
      'Settings',
      /redactPatterns \(from OUTCROP_REDACT_PATTERNS\)/,
    ],
    ['a setting that is none', () => ({ OUTCROP_PORT: 'many' }), 'Settings', /port \(from OUTCROP_PORT\)/],
  ] as const;
  for (const [name, env, what, expected] of rows) {
    test(`with ${name}`, async () => {
      const report = await examine({ ...healthy, ...env() });
      assert.match(about(report, what).join('\n'), expected);
      assert.match(about(report, what).join('\n'), /^fails: /);
      assert.equal(report.code, 1);
    });
  }
});

describe('the doctor reads TLS files', needs('openssl'), () => {
  let one: SelfSigned;
  let other: SelfSigned;

  before(() => {
    one = makeSelfSigned();
    other = makeSelfSigned();
  });

  after(() => {
    one.remove();
    other.remove();
  });

  test('and warns of a certificate that ends soon', async () => {
    const report = await examine({ ...healthy, OUTCROP_TLS_CERT: one.certFile, OUTCROP_TLS_KEY: one.keyFile });
    assert.deepEqual(about(report, 'TLS'), ['warning: CN=localhost, ends in 1 days']);
    assert.equal(report.code, 0);
  });

  test('and sees that a key belongs to another certificate', async () => {
    const report = await examine({ ...healthy, OUTCROP_TLS_CERT: one.certFile, OUTCROP_TLS_KEY: other.keyFile });
    assert.match(about(report, 'TLS').join('\n'), /^fails: the private key .* does not belong to the certificate/);
    assert.equal(report.code, 1);
  });
});

test('no secret of the settings is ever shown', async () => {
  const secrets = {
    OUTCROP_MASTER_KEY: 'sk-very-secret-master',
    AWS_BEARER_TOKEN_BEDROCK: 'bedrock-api-key-very-secret',
  };
  for (const args of [['doctor'], ['doctor', '--json']]) {
    const { output, errors } = await runOutcrop(args, { env: { ...healthy, ...secrets } });
    for (const secret of [...Object.values(secrets), SIMULATOR_CREDENTIALS.secretAccessKey]) {
      assert.ok(!`${output}${errors}`.includes(secret));
    }
  }
});

function portOfSimulator(): string {
  return new URL(simulator.origins.bedrock).port;
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}
