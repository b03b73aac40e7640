import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadConfig } from '../../src/config/load.ts';
import { compileRedaction } from '../../src/domain/content/redaction.ts';
import type { SinkHttpRequest } from '../../src/sinks/http.ts';
import { SINKS } from '../../src/sinks/index.ts';
import { openSinks } from '../../src/sinks/open-sinks.ts';
import { definitionOf, prepareSinks } from '../../src/sinks/prepare-sinks.ts';
import type { SinkContext } from '../../src/sinks/sink.ts';
import { collectingLog, sampleEvent, testFolder } from './test-sinks.ts';

const page = readFileSync(new URL('../../docs/logging.md', import.meta.url), 'utf8');
const ALIASES = new Set(['langfuse_otel', 'smtp_email']);

interface Block {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

function blocks(): readonly Block[] {
  return [...page.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, text = '']) => {
    const env = Object.fromEntries(
      [...text.matchAll(/(?<=^export .*)\b([A-Z0-9_]+)=(?:"([^"]*)"|(\S+))/gm)].map(([, name = '', quoted, bare]) => [
        name,
        quoted ?? bare ?? '',
      ]),
    );
    const name = env['OUTCROP_SINKS'];
    return name === undefined || name.includes(',') ? [] : [{ name, env }];
  });
}

function contextOf(name: string, sent: (request: SinkHttpRequest) => void): SinkContext {
  return {
    name,
    clock: { nowMs: () => 0, elapsedMs: () => 0 },
    random: () => 0,
    dataDir: testFolder(),
    requestTimeoutMs: 5000,
    awsCredentials: () => Promise.reject(new Error('none')),
    stdout: async () => undefined,
    http: {
      reach: async () => undefined,
      send: async (request) => {
        sent(request);
        return { status: 200, retryAfter: null, errorType: null, text: '' };
      },
    },
  };
}

describe('docs/logging.md', () => {
  test('has one block to copy for each sink, and for nothing else', () => {
    const documented = blocks().map(({ name }) => name);
    const sinks = Object.keys(SINKS).filter((name) => !ALIASES.has(name));
    assert.deepEqual([...documented].sort(), sinks.sort());
    for (const alias of ALIASES) assert.ok(page.includes(`\`${alias}\``));
  });

  for (const { name, env } of blocks()) {
    test(`what is to be copied for ${name} is all it needs, and nothing that it does not look at`, async () => {
      const { settings } = loadConfig({ flags: {}, env, file: null });
      const { variables } = await definitionOf(name);
      const known = new Set(['OUTCROP_SINKS', ...Object.values(variables).flat()]);
      assert.deepEqual(
        Object.keys(env).filter((variable) => !known.has(variable)),
        [],
      );
      const [entry] = await prepareSinks(settings.sinks, env);
      const sink = await entry?.prepared.open(contextOf(name, () => undefined));
      await sink?.close?.();
      assert.ok(sink !== undefined);
    });
  }

  test('its example of a configuration file is one', async () => {
    const text = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
    const { settings } = loadConfig({ flags: {}, env: {}, file: { name: 'outcrop.yaml', text } });
    assert.deepEqual(
      settings.sinks.map(({ name, type }) => [name, type]),
      [
        ['stdout', 'stdout'],
        ['audit', 'generic_api'],
        ['billing_events', 'generic_api'],
      ],
    );
    const entries = await prepareSinks(settings.sinks, { AUDIT_AUTHORIZATION: 'Bearer example' });
    const sent: SinkHttpRequest[] = [];
    for (const {
      settings: { name },
      prepared,
    } of entries) {
      const sink = await prepared.open(contextOf(name, (request) => void sent.push(request)));
      assert.ok(sink.kind === 'lines');
      await sink.deliver([sink.encode(sampleEvent(1)) ?? ''], new AbortController().signal);
    }
    assert.deepEqual(
      sent.map(({ url, headers }) => [url.href, headers['authorization']]),
      [
        ['https://audit.example.com/calls', 'Bearer example'],
        ['https://billing.example.com/events', undefined],
      ],
    );
  });

  test('its patterns of what is to be redacted are some', () => {
    const [, fields = ''] = /^export OUTCROP_REDACT_FIELDS='(.*)'$/m.exec(page) ?? [];
    const [, patterns = ''] = /^export OUTCROP_REDACT_PATTERNS='(.*)'$/m.exec(page) ?? [];
    const redaction = compileRedaction(fields.split(','), patterns.split(','));
    assert.equal(redaction.text('Bearer abc.def 123-45-6789 x'), '[redacted] [redacted] x');
  });

  test('shows the state of a sink as it is', async () => {
    const shown = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
    const sinks = await openSinks({
      sinks: loadConfig({ flags: {}, env: { OUTCROP_SINKS: 'stdout' }, file: null }).settings.sinks,
      env: {},
      dataDir: testFolder(),
      clock: { nowMs: () => 0, elapsedMs: () => 0 },
      random: () => 0,
      log: collectingLog().log,
      loadAwsCredentials: () => Promise.reject(new Error('none')),
    });
    const [state] = sinks.state();
    assert.deepEqual(
      [...shown.matchAll(/^ {6}"(\w+)"/gm)].map(([, name]) => name),
      Object.keys(state ?? {}),
    );
    await sinks.close(0);
  });
});
