import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { DEFAULT_OPERATIONS } from '../src/domain/policy/default-operations.ts';
import { MODEL_LOOKUPS } from '../src/domain/policy/model-lookup.ts';
import { runCommand, type CommandResult } from './clients/run-command.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from './support/test-gateway.ts';
import { issueKey, type IssuedKey } from './support/virtual-keys.ts';
import { needs, type Need } from './support/needs.ts';

/**
 * Runs the snippets of docs/virtual-keys.md in their order, with nothing replaced but the gateway's address and the keys.
 * The master key would be refused as weak on the network, but is short to read.
 */

const PAGE = readFileSync(new URL('../docs/virtual-keys.md', import.meta.url), 'utf8');
const OUTCROP = fileURLToPath(new URL('../src/cli.ts', import.meta.url));

const NEEDS: Readonly<Record<string, readonly Need[]>> = {
  sh: [],
  curl: ['curl'],
  'aws-cli': ['awscli'],
  boto3: ['python3 with boto3'],
  profile: [],
};

/** A fenced block and the comment that stands before it. */
const blocks = [...PAGE.matchAll(/(?:^<!-- (?<marker>[^\n]+) -->\n\n)?^```(?<language>\w*)\n(?<code>.*?)^```$/gms)].map(
  ({ groups = {} }) => {
    const [, kind, says] = /^test: ([\w-]+)(?:, says: (.+))?$/.exec(groups['marker'] ?? '') ?? [];
    return { marker: groups['marker'], kind, says, language: groups['language'], code: groups['code'] ?? '' };
  },
);

test('every snippet is run, or says why not', () => {
  assert.deepEqual(
    blocks.filter(({ marker, kind }) => kind === undefined && marker?.startsWith('not run: ') !== true),
    [],
  );
  assert.ok(blocks.filter(({ kind }) => kind !== undefined).length >= 10);
});

test('the default operations are those of the code', () => {
  assert.ok(blocks.some(({ code }) => code === `${DEFAULT_OPERATIONS.join('\n')}\n`));
});

test('the IAM actions are those by which the code looks models up', () => {
  const looked = Object.values(MODEL_LOOKUPS).flatMap((lookups) =>
    lookups.map(({ operation }) => `bedrock:${operation}`),
  );
  const [policy] = blocks.filter(({ language }) => language === 'json');
  const { Action } = z.object({ Action: z.array(z.string()) }).parse(JSON.parse(policy?.code ?? ''));
  assert.deepEqual(new Set(Action), new Set(looked));
});

describe('snippets', () => {
  let gateway: TestGateway;
  let key: IssuedKey;
  let folder: string;

  before(async () => {
    gateway = await startTestGateway();
    key = await issueKey(gateway.origin);
    folder = mkdtempSync(join(tmpdir(), 'outcrop-docs-'));
    const command = join(folder, 'outcrop');
    // On the gateway's own machine no command needs an address.
    writeFileSync(command, `#!/bin/sh\nexec "${process.execPath}" "${OUTCROP}" "$@" --url "${gateway.origin}"\n`);
    chmodSync(command, 0o755);
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await gateway.close();
  });

  const here = (code: string): string =>
    code
      .replaceAll('http://localhost:4000', gateway.origin)
      .replaceAll('sk-1234', MASTER_KEY)
      .replaceAll('sk-Gd93kQw0aVtYbM5eRzP7uXcLhN2jFs8iTa1x04', key.bearer)
      .replaceAll('AKOCEXAMPLEEXAMPLE23', key.accessKeyId)
      .replaceAll('example/secret/of/a/virtual/aws/pair/123', key.secretAccessKey);

  const run = (kind: string, code: string): Promise<CommandResult> => {
    const env = { PATH: `${folder}:${process.env['PATH']}`, AWS_CONFIG_FILE: join(folder, 'config'), AWS_PAGER: '' };
    if (kind === 'profile') writeFileSync(env.AWS_CONFIG_FILE, code);
    const [command, ...argv] = kind === 'boto3' ? ['python3', '-'] : kind === 'profile' ? ['cat'] : ['sh', '-e'];
    return runCommand(command ?? '', argv, { env, stdin: code });
  };

  for (const [index, { kind, says = '', language, code }] of blocks.entries()) {
    if (kind === undefined) continue;
    const needed = NEEDS[kind];
    assert.ok(needed !== undefined, `no test knows how to run ${kind}`);
    test(`snippet ${index + 1}: ${kind} (${language})`, needs(...needed), async () => {
      const { exitCode, stdout, stderr } = await run(kind, here(code));
      assert.equal(exitCode, 0, stderr);
      assert.ok(stdout.includes(says), `it does not say "${says}":\n${stdout}`);
      const statuses = gateway.simulator.requests().map(({ status }) => status);
      assert.ok(statuses.every((status) => status === 200));
    });
  }
});
