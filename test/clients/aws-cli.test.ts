import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SimulatorRequest } from '../../simulator/index.ts';
import { needs } from '../support/needs.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { runCommand, type CommandResult } from './run-command.ts';
import { AGENT_RUNTIME_ARN, CLAUDE_BODY, MODEL, PROFILE_ARN } from './examples.ts';

/**
 * The AWS CLI, version 1 or 2: nothing here is spelt differently in the two. It is pointed at the gateway by environment
 * variables alone, and carries the key as a bearer token where its service takes one, else as its access key id.
 */

const INVOCATION_ARN = 'arn:aws:bedrock:us-east-1:123456789012:data-automation-invocation/abc123';
const MESSAGES = JSON.stringify([{ role: 'user', content: [{ text: 'What is an outcrop?' }] }]);

describe('aws', { concurrency: 2, ...needs('awscli') }, () => {
  let gateway: TestGateway;
  let folder: string;
  let inFile: string;
  let outFile: string;

  before(async () => {
    gateway = await startTestGateway();
    folder = mkdtempSync(join(tmpdir(), 'outcrop-cli-'));
    inFile = join(folder, 'in.json');
    outFile = join(folder, 'out.json');
    writeFileSync(inFile, CLAUDE_BODY);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await gateway.close();
  });

  const aws = (argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    runCommand('aws', argv, {
      env: {
        AWS_ENDPOINT_URL: `${gateway.origin}/bedrock`,
        AWS_ACCESS_KEY_ID: MASTER_KEY,
        AWS_SECRET_ACCESS_KEY: 'unused',
        AWS_REGION: 'us-east-1',
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_DEFAULT_OUTPUT: 'json',
        AWS_MAX_ATTEMPTS: '1',
        AWS_PAGER: '',
        ...env,
      },
    });
  /** Tests run beside each other, each with an operation of its own. */
  const arrived = (operation: string): readonly SimulatorRequest[] =>
    gateway.forwarded().filter((request) => request.operation === operation);

  // The CLI prints nothing when it knows no member of an answer, as with the simulator's echo.
  const CALLS: readonly { argv: readonly string[]; operation: string; region?: string; prints?: RegExp }[] = [
    {
      argv: ['bedrock', 'list-foundation-models', '--by-output-modality', 'EMBEDDING'],
      operation: 'ListFoundationModels',
      prints: /amazon\.titan-embed-text-v2:0/,
    },
    {
      argv: ['bedrock-runtime', 'converse', '--model-id', PROFILE_ARN, '--messages', MESSAGES],
      operation: 'Converse',
      region: 'us-west-2',
      prints: /What is an outcrop\?/,
    },
    { argv: ['bedrock-agent', 'list-agents', '--max-items', '5'], operation: 'ListAgents' },
    {
      argv: [
        'bedrock-agent-runtime',
        'retrieve',
        '--knowledge-base-id',
        'KB12345678',
        '--retrieval-query',
        'text=rock',
      ],
      operation: 'Retrieve',
      prints: /"score"/,
    },
    {
      argv: ['bedrock-agentcore-control', 'list-agent-runtimes'],
      operation: 'ListAgentRuntimes',
    },
    { argv: ['bedrock-data-automation', 'list-blueprints'], operation: 'ListBlueprints' },
    {
      argv: ['bedrock-data-automation-runtime', 'get-data-automation-status', '--invocation-arn', INVOCATION_ARN],
      operation: 'GetDataAutomationStatus',
    },
  ];
  for (const { argv, operation, region = 'us-east-1', prints = /^/ } of CALLS) {
    test(argv.slice(0, 2).join(' '), async () => {
      const { exitCode, stdout, stderr } = await aws(argv);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, prints);
      const seen = arrived(operation).map(({ service, signature, scope }) => [
        service,
        signature,
        scope?.split('/')[1],
      ]);
      assert.deepEqual(seen, [[argv[0], 'valid', region]]);
    });
  }

  test('bedrock-agentcore invoke-agent-runtime, whose answer is a file', async () => {
    const argv = ['bedrock-agentcore', 'invoke-agent-runtime', '--agent-runtime-arn', AGENT_RUNTIME_ARN];
    const { exitCode, stderr } = await aws([...argv, '--payload', `fileb://${inFile}`, join(folder, 'agent.json')]);
    assert.equal(exitCode, 0, stderr);
    assert.match(readFileSync(join(folder, 'agent.json'), 'utf8'), /"operation":"InvokeAgentRuntime"/);
    assert.deepEqual(
      arrived('InvokeAgentRuntime').map(({ scope }) => scope?.split('/')[2]),
      ['bedrock-agentcore'],
    );
  });

  test('bedrock-runtime invoke-model, by the endpoint variable of its own service', async () => {
    const argv = ['bedrock-runtime', 'invoke-model', '--model-id', MODEL, '--body', `fileb://${inFile}`, outFile];
    const { exitCode, stderr } = await aws(argv, {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: `${gateway.origin}/bedrock`,
    });
    assert.equal(exitCode, 0, stderr);
    assert.match(readFileSync(outFile, 'utf8'), /"stop_reason":"end_turn"/);
    assert.deepEqual(
      arrived('InvokeModel').map(({ body }) => body.toString()),
      [CLAUDE_BODY],
    );
  });

  const FAULTS = [
    { argv: ['bedrock', 'get-guardrail'], operation: 'GetGuardrail', status: 429, exception: 'ThrottlingException' },
    {
      argv: ['bedrock', 'delete-guardrail'],
      operation: 'DeleteGuardrail',
      status: 403,
      exception: 'AccessDeniedException',
    },
    {
      argv: ['bedrock', 'create-guardrail-version'],
      operation: 'CreateGuardrailVersion',
      status: 400,
      exception: 'ValidationException',
    },
  ] as const;
  for (const { argv, operation, status, exception } of FAULTS) {
    test(`prints Bedrock's ${exception}`, async () => {
      gateway.simulator.inject({ kind: 'error', operation, status, exception, message: 'Said by Bedrock.' });
      const { exitCode, stderr } = await aws([...argv, '--guardrail-identifier', 'gr12345']);
      assert.notEqual(exitCode, 0);
      assert.match(stderr, new RegExp(`\\(${exception}\\).*${operation} operation.*: Said by Bedrock\\.`));
    });
  }

  test("prints the gateway's refusal of a wrong key", async () => {
    const argv = [
      'bedrock-runtime',
      'count-tokens',
      '--model-id',
      MODEL,
      '--input',
      `{"converse":{"messages":${MESSAGES}}}`,
    ];
    const { exitCode, stderr } = await aws(argv, { AWS_ACCESS_KEY_ID: 'sk-wrong' });
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /\(UnrecognizedClientException\).*The AWS access key id of this request is not known here/);
    assert.deepEqual(arrived('CountTokens'), []);
  });
});
