import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { settingsSchema } from '../../src/config/settings.ts';
import { runOutcrop } from './run-outcrop.ts';

const shownSchema = z.array(
  z.object({ name: z.string(), value: z.string(), source: z.string(), about: z.string().min(1) }),
);

let folder: string;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'outcrop-config-'));
});

after(() => rmSync(folder, { recursive: true }));

async function show(args: readonly string[], env: Record<string, string>): Promise<Map<string, string>> {
  const { code, output, errors } = await runOutcrop(['config', '--json', ...args], { env, cwd: folder });
  assert.equal(errors, '');
  assert.equal(code, 0);
  const shown = shownSchema.parse(JSON.parse(output));
  return new Map(shown.map(({ name, value, source }) => [name, `${value} from ${source}`]));
}

describe('outcrop config', () => {
  test('says of every setting what is in force and where it came from', async () => {
    writeFileSync(path.join(folder, 'other.yaml'), 'port: 1\nhost: 127.0.0.2\nlogLevel: debug\n');
    const env = { OUTCROP_PORT: '2', OUTCROP_HOST: '127.0.0.3', AWS_REGION_NAME: 'eu-west-1' };
    const shown = await show(['--config', 'other.yaml', '--port', '3'], env);
    assert.deepEqual([...shown.keys()], Object.keys(settingsSchema.shape));
    assert.equal(shown.get('port'), '3 from --port');
    assert.equal(shown.get('host'), '"127.0.0.3" from OUTCROP_HOST');
    assert.equal(shown.get('logLevel'), '"debug" from other.yaml');
    assert.equal(shown.get('region'), '"eu-west-1" from AWS_REGION_NAME');
    assert.equal(shown.get('keepAliveMs'), '75000 from default');
  });

  test('takes outcrop.yaml from the folder it runs in', async () => {
    writeFileSync(path.join(folder, 'outcrop.yaml'), 'endpoints:\n  bedrock-runtime: https://vpce.example\n');
    const shown = await show([], {});
    rmSync(path.join(folder, 'outcrop.yaml'));
    assert.equal(shown.get('endpoints'), '{"bedrock-runtime":"https://vpce.example"} from outcrop.yaml');
  });

  test('masks every secret whole, in both forms, and says where it came from', async () => {
    const env = { LITELLM_MASTER_KEY: 'sk-secret-1234', AWS_BEARER_TOKEN_BEDROCK: 'bedrock-api-key-5678' };
    for (const args of [['config'], ['config', '--json']]) {
      const { output } = await runOutcrop(args, { env, cwd: folder });
      assert.ok(output.includes('LITELLM_MASTER_KEY') && output.includes('AWS_BEARER_TOKEN_BEDROCK'));
      assert.ok(!/1234|5678|sk-secret/.test(output));
    }
    const shown = await show([], env);
    assert.equal(shown.get('masterKey'), '******** from LITELLM_MASTER_KEY');
    assert.equal((await show([], {})).get('masterKey'), 'null from default');
  });
});

describe('a setting that is wrong', () => {
  const rows = [
    ['a number out of bounds', { OUTCROP_PORT: '70000' }, '', /^outcrop: port \(from OUTCROP_PORT\): .*65535/],
    ['a name that is none', {}, 'prot: 4000', /^outcrop: bad\.yaml: there is no setting "prot"/],
    [
      'an endpoint with credentials in it',
      { AWS_ENDPOINT_URL: 'https://me:secret@host' },
      '',
      /^outcrop: endpoint \(from AWS_ENDPOINT_URL\)/,
    ],
    ['an empty master key', { OUTCROP_MASTER_KEY: '' }, '', /^outcrop: masterKey \(from OUTCROP_MASTER_KEY\)/],
    ['half of a TLS pair', { OUTCROP_TLS_CERT: 'cert.pem' }, '', /tlsCert and tlsKey go together/],
    ['a file that is not YAML', {}, 'port: [', /^outcrop: bad\.yaml: not YAML/],
  ] as const;
  for (const [name, env, yaml, expected] of rows) {
    test(`${name} is one line that names it and no value, and the exit code is 1`, async () => {
      writeFileSync(path.join(folder, 'bad.yaml'), yaml);
      const { code, output, errors } = await runOutcrop(['config', '--config', 'bad.yaml'], { env, cwd: folder });
      assert.equal(code, 1);
      assert.equal(output, '');
      assert.match(errors, expected);
      assert.doesNotMatch(errors, /secret|\n {4}at /);
    });
  }

  test('all of them are told at once', async () => {
    const env = { OUTCROP_PORT: 'x', OUTCROP_LOG_LEVEL: 'loud' };
    const { errors } = await runOutcrop(['config'], { env, cwd: folder });
    assert.deepEqual(errors.match(/OUTCROP_\w+/g)?.toSorted(), ['OUTCROP_LOG_LEVEL', 'OUTCROP_PORT']);
  });

  test('a file that is not there is said so', async () => {
    const { code, errors } = await runOutcrop(['config', '--config', 'nowhere.yaml'], { cwd: folder });
    assert.equal(code, 1);
    assert.match(errors, /^outcrop: can't read the configuration file nowhere\.yaml: ENOENT/);
  });
});
