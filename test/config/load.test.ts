import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeConfig } from '../../src/config/describe.ts';
import { ConfigError, loadConfig, type ConfigSources } from '../../src/config/load.ts';

function load(sources: Partial<ConfigSources>): ReturnType<typeof loadConfig> {
  return loadConfig({ flags: {}, env: {}, file: null, ...sources });
}

function file(text: string): ConfigSources['file'] {
  return { name: 'outcrop.yaml', text };
}

test('flags win over the environment, the environment over the file, the file over defaults', () => {
  const { settings, sources } = load({
    flags: { port: '1' },
    env: { OUTCROP_PORT: '2', OUTCROP_HOST: '127.0.0.2' },
    file: file('port: 3\nhost: 127.0.0.3\nregion: eu-west-1\n'),
  });
  assert.deepEqual(
    [settings.port, settings.host, settings.region, settings.keepAliveMs],
    [1, '127.0.0.2', 'eu-west-1', 75_000],
  );
  assert.deepEqual(
    [sources.get('port'), sources.get('host'), sources.get('region')],
    ['--port', 'OUTCROP_HOST', 'outcrop.yaml'],
  );
});

test('names people know from LiteLLM and AWS work, ours win', () => {
  const env = { LITELLM_MASTER_KEY: 'sk-theirs', AWS_REGION_NAME: 'us-west-2', AWS_REGION: 'us-east-1' };
  assert.equal(load({ env }).settings.masterKey, 'sk-theirs');
  assert.equal(load({ env }).settings.region, 'us-west-2');
  assert.equal(load({ env: { ...env, OUTCROP_MASTER_KEY: 'sk-ours' } }).settings.masterKey, 'sk-ours');
});

test('endpoints of single services come from the variables of the AWS SDKs', () => {
  const { settings } = load({
    env: { AWS_ENDPOINT_URL: 'http://all.test', AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME: 'https://agents.test/base' },
    file: file('endpoints:\n  bedrock-runtime: http://runtime.test\n'),
  });
  assert.equal(settings.endpoint, 'http://all.test');
  assert.deepEqual(settings.endpoints, {
    'bedrock-runtime': 'http://runtime.test',
    'bedrock-agent-runtime': 'https://agents.test/base',
  });
});

const FAULTS: readonly (readonly [what: string, sources: Partial<ConfigSources>, line: RegExp])[] = [
  ['a port out of range', { env: { OUTCROP_PORT: '70000' } }, /^port \(from OUTCROP_PORT\)/],
  ['a port that is no number', { flags: { port: 'http' } }, /^port \(from --port\)/],
  ['an unknown setting', { file: file('prot: 4000') }, /^outcrop\.yaml: there is no setting "prot"/],
  ['a file that is no map', { file: file('- a\n- b\n') }, /must be a map/],
  ['a file that is no YAML', { file: file('a: [') }, /not YAML/],
  ['an empty master key', { env: { OUTCROP_MASTER_KEY: '' } }, /^masterKey \(from OUTCROP_MASTER_KEY\)/],
  ['a region that is none', { env: { AWS_REGION: 'us-east-1.evil.com' } }, /^region \(from AWS_REGION\)/],
  [
    'an endpoint with a password',
    { env: { AWS_ENDPOINT_URL: 'https://u:p@x.test' } },
    /^endpoint \(from AWS_ENDPOINT_URL\)/,
  ],
  ['an endpoint that is no URL', { env: { AWS_ENDPOINT_URL_BEDROCK: 'bedrock' } }, /^endpoints\.bedrock/],
  [
    'a pattern of redaction that is none, though nothing is recorded',
    { env: { OUTCROP_REDACT_PATTERNS: String.raw`\d+,(a|b)` } },
    /^redactPatterns \(from OUTCROP_REDACT_PATTERNS\): The pattern "\(a\|b\)" can not be used: at character 1, /,
  ],
  [
    'more fields of redaction than there can be',
    { file: file(`redactFields: [${Array.from({ length: 65 }, (_, index) => `f${index}`).join(', ')}]\n`) },
    /^redactFields \(from outcrop\.yaml\): There are more than 64 rules/,
  ],
  [
    'a setting that every sink has',
    { file: file('sinks:\n  a: { batch_size: 0 }\n') },
    /^sinks\.a\.batch_size \(from outcrop\.yaml\): /,
  ],
  [
    'a setting of prometheus, which is no sink',
    { file: file('sinks:\n  prometheus: { port: 9090 }\n') },
    /^sinks \(from outcrop\.yaml\): prometheus has no setting port/,
  ],
  ['a certificate without its key', { env: { OUTCROP_TLS_CERT: 'a.pem' } }, /tlsCert and tlsKey/],
  ['an unknown service', { file: file('endpoints:\n  bedrok: http://x.test\n') }, /endpoints/],
];

for (const [what, sources, line] of FAULTS) {
  test(`refused with one clear line: ${what}`, () => {
    assert.throws(
      () => load(sources),
      (error) => error instanceof ConfigError && error.lines.length === 1 && line.test(error.lines[0] ?? ''),
    );
  });
}

test('a fault never repeats the value, which may be a secret', () => {
  assert.throws(
    () => load({ env: { AWS_ENDPOINT_URL: 'https://user:hunter2@x.test' } }),
    (error) => error instanceof ConfigError && !error.message.includes('hunter2'),
  );
});

test('several faults are told at once', () => {
  assert.throws(
    () => load({ env: { OUTCROP_PORT: 'x', AWS_REGION: 'y' } }),
    (error) => error instanceof ConfigError && error.lines.length === 2,
  );
});

test('an empty variable counts as not set', () => {
  assert.equal(load({ env: { AWS_REGION: '', OUTCROP_PORT: '' } }).settings.port, 4000);
});

test('secrets are shown masked whole', () => {
  const shown = JSON.stringify(
    describeConfig(load({ env: { OUTCROP_MASTER_KEY: 'sk-very-secret', AWS_BEARER_TOKEN_BEDROCK: 'also-secret' } })),
  );
  assert.equal(shown.includes('secret"'), false);
  assert.equal(shown.includes('sk-very'), false);
  assert.ok(shown.includes('********'));
});

test('prometheus in the list of sinks switches metrics on, by the names that are set', () => {
  const of = (env: Record<string, string>) => {
    const { settings, sources } = load({ env });
    return [settings.metrics, sources.get('metrics'), settings.sinks.map(({ name }) => name).join()];
  };
  assert.deepEqual(of({ OUTCROP_SINKS: 'stdout,prometheus' }), ['outcrop', 'OUTCROP_SINKS', 'stdout']);
  assert.deepEqual(of({ OUTCROP_SINKS: 'prometheus', OUTCROP_METRICS: 'litellm' }), ['litellm', 'OUTCROP_METRICS', '']);
  assert.deepEqual(of({ OUTCROP_SINKS: 'prometheus', OUTCROP_METRICS: 'off' }), ['off', 'OUTCROP_METRICS', '']);
});
