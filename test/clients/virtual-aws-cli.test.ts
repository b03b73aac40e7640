import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs } from '../support/needs.ts';
import { AGENT_RUNTIME_ARN, MODEL } from './examples.ts';
import { runCommand, type CommandResult } from './run-command.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { EVERY_OPERATION, issueKey, type IssuedKey, otherSecret } from '../support/virtual-keys.ts';

/** The AWS CLI with a virtual key's AWS credentials: two variables, or a profile that asks the gateway for them. */

const OUTCROP = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const INVOCATION_ARN = 'arn:aws:bedrock:us-east-1:123456789012:data-automation-invocation/abc123';
const MESSAGES = JSON.stringify([{ role: 'user', content: [{ text: 'What is an outcrop?' }] }]);
const CONVERSE = ['bedrock-runtime', 'converse', '--model-id', MODEL, '--messages', MESSAGES];

let gateway: TestGateway;
let key: IssuedKey;
let folder: string;

before(async () => {
  gateway = await startTestGateway();
  key = await issueKey(gateway.origin, EVERY_OPERATION);
  folder = mkdtempSync(join(tmpdir(), 'outcrop-aws-cli-'));
});
after(async () => {
  rmSync(folder, { recursive: true });
  await gateway.close();
});

describe('aws', { concurrency: 2, ...needs('awscli') }, () => {
  const aws = (argv: readonly string[], { accessKeyId, secretAccessKey }: IssuedKey): Promise<CommandResult> =>
    runCommand('aws', argv, {
      env: {
        AWS_ENDPOINT_URL: `${gateway.origin}/bedrock`,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_MAX_ATTEMPTS: '1',
        AWS_PAGER: '',
      },
    });

  const CALLS: readonly (readonly [operation: string, argv: readonly string[]])[] = [
    ['ListFoundationModels', ['bedrock', 'list-foundation-models']],
    ['Converse', CONVERSE],
    ['ListAgents', ['bedrock-agent', 'list-agents']],
    [
      'Retrieve',
      ['bedrock-agent-runtime', 'retrieve', '--knowledge-base-id', 'KB12345678', '--retrieval-query', 'text=rock'],
    ],
    [
      'InvokeAgentRuntime',
      [
        'bedrock-agentcore',
        'invoke-agent-runtime',
        '--agent-runtime-arn',
        AGENT_RUNTIME_ARN,
        '--payload',
        'e30=',
        'OUT',
      ],
    ],
    ['ListAgentRuntimes', ['bedrock-agentcore-control', 'list-agent-runtimes']],
    ['ListBlueprints', ['bedrock-data-automation', 'list-blueprints']],
    [
      'GetDataAutomationStatus',
      ['bedrock-data-automation-runtime', 'get-data-automation-status', '--invocation-arn', INVOCATION_ARN],
    ],
  ];
  for (const [operation, argv] of CALLS) {
    test(argv.slice(0, 2).join(' '), async () => {
      const out = join(folder, operation);
      const { exitCode, stderr } = await aws(
        argv.map((word) => (word === 'OUT' ? out : word)),
        key,
      );
      assert.equal(exitCode, 0, stderr);
      const requests = gateway.forwarded().filter((request) => request.operation === operation);
      assert.deepEqual(
        requests.map(({ service, signature }) => [service, signature]),
        [[argv[0], 'valid']],
      );
    });
  }

  test('prints InvalidSignatureException for a wrong secret, AccessDeniedException for what is not granted', async () => {
    const wrong = await aws(CONVERSE, { ...key, secretAccessKey: otherSecret(key) });
    assert.match(wrong.stderr, /\(InvalidSignatureException\).*check the secret access key/);
    const denied = await aws(['bedrock', 'list-guardrails'], await issueKey(gateway.origin));
    assert.match(denied.stderr, /\(AccessDeniedException\).*bedrock:ListGuardrails/);
  });
});

describe('a profile with credential_process', () => {
  /** A configuration folder such as `~/.aws`, and `outcrop` as a command. */
  const profile = (): Record<string, string> => {
    const command = join(folder, 'outcrop');
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${OUTCROP}" "$@"\n`);
    chmodSync(command, 0o755);
    const config = join(folder, 'config');
    writeFileSync(
      config,
      `[profile outcrop]\nregion = us-east-1\nendpoint_url = ${gateway.origin}/bedrock\n` +
        `credential_process = ${command} credential-process --url ${gateway.origin}\n`,
    );
    return { AWS_CONFIG_FILE: config, AWS_PROFILE: 'outcrop', AWS_MAX_ATTEMPTS: '1', AWS_PAGER: '' };
  };
  const credentialProcess = (env: Record<string, string>, stdin?: string): Promise<CommandResult> =>
    runCommand(process.execPath, [OUTCROP, 'credential-process', '--url', gateway.origin], {
      env,
      ...(stdin === undefined ? {} : { stdin }),
    });

  test('is all that boto3 needs', needs('python3 with boto3'), async () => {
    const stdin = `
import boto3
client = boto3.client("bedrock-agent-runtime")
print(client.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "rock"})["ResponseMetadata"]["HTTPStatusCode"])`;
    const { stdout, stderr } = await runCommand('python3', ['-'], {
      stdin,
      env: { ...profile(), OUTCROP_KEY: key.bearer },
    });
    assert.equal(stdout, '200\n', stderr);
  });

  test('is all that the AWS CLI needs', needs('awscli'), async () => {
    const { exitCode, stderr } = await runCommand('aws', ['bedrock-agent', 'list-agents'], {
      env: { ...profile(), OUTCROP_KEY: key.bearer },
    });
    assert.equal(exitCode, 0, stderr);
  });

  test('prints the pair of the key, from OUTCROP_KEY or from standard input', async () => {
    const pair = { Version: 1, AccessKeyId: key.accessKeyId, SecretAccessKey: key.secretAccessKey };
    assert.deepEqual(JSON.parse((await credentialProcess({ OUTCROP_KEY: key.bearer })).stdout), pair);
    assert.deepEqual(JSON.parse((await credentialProcess({}, `${key.bearer}\n`)).stdout), pair);
  });

  test('says when the key ends, so that clients ask again', async () => {
    const { bearer } = await issueKey(gateway.origin, { duration: '2h' });
    const { stdout } = await credentialProcess({ OUTCROP_KEY: bearer });
    const end = Date.parse(/"Expiration":"([^"]+)"/.exec(stdout)?.[1] ?? '');
    assert.ok(Math.abs(end - Date.now() - 2 * 3_600_000) < 60_000, stdout);
  });

  for (const [what, env, said] of [
    ['no key', {}, /no key on standard input: set OUTCROP_KEY/i],
    ['an unknown key', { OUTCROP_KEY: 'sk-unknown-unknown-unknown' }, /not valid here/],
    ['the master key', { OUTCROP_KEY: MASTER_KEY }, /master key has no AWS credentials/],
  ] as const) {
    test(`fails with ${what}, and says why in one line`, async () => {
      const { exitCode, stdout, stderr } = await credentialProcess(env);
      assert.equal(exitCode, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^outcrop: .*\n$/);
      assert.match(stderr, said);
      for (const secret of Object.values(env)) assert.ok(!stderr.includes(secret));
    });
  }
});
