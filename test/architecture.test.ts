import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '..');

/** What a part of the code may import beside itself. Whatever is not listed here may be imported by nobody. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/domain': [],
  'src/ports.ts': ['src/domain'],
  'src/proxy': ['src/ports.ts', 'src/domain'],
  'src/http1': ['src/ports.ts'],
  'src/server': ['src/http1', 'src/ports.ts', 'src/domain'],
  'src/upstream': ['src/http1', 'src/ports.ts', 'src/domain'],
  'src/keys': ['src/ports.ts', 'src/domain'],
  'src/storage': ['src/ports.ts', 'src/domain'],
  'src/counters': ['src/ports.ts', 'src/domain'],
  'src/ledger': ['src/ports.ts', 'src/domain'],
  'src/prices': ['src/ports.ts', 'src/domain'],
  'src/sinks': ['src/ports.ts', 'src/domain'],
  'src/admin': ['src/ports.ts', 'src/domain'],
  'src/admin-parts.ts': ['src/admin', 'src/storage'],
  'src/admin-ledger.ts': ['src/admin', 'src/storage'],
  'src/key-parts.ts': ['src/keys', 'src/storage', 'src/admin', 'src/config', 'src/ports.ts', 'src/domain'],
  'src/metering-parts.ts': [
    'src/keys',
    'src/counters',
    'src/ledger',
    'src/prices',
    'src/storage',
    'src/config',
    'src/ports.ts',
    'src/domain',
  ],
  'src/watch-health.ts': ['src/proxy', 'src/ports.ts', 'src/domain'],
  'src/watch-prices.ts': ['src/proxy', 'src/ports.ts', 'src/domain'],
  'src/parts-at-start.ts': [
    'src/gateway-metrics.ts',
    'src/key-parts.ts',
    'src/metering-parts.ts',
    'src/storage',
    'src/sinks',
    'src/upstream',
    'src/config',
    'src/ports.ts',
    'src/domain',
    'src/name-alerts.ts',
  ],
  'src/management.ts': [
    'src/parts-at-start.ts',
    'src/storage',
    'src/key-parts.ts',
    'src/admin-parts.ts',
    'src/admin-ledger.ts',
    'src/admin',
    'src/proxy',
    'src/ports.ts',
  ],
  'src/gateway-metrics.ts': ['src/sinks', 'src/ports.ts'],
  'src/name-alerts.ts': ['src/storage', 'src/domain'],
  'src/budget-gauges.ts': ['src/gateway-metrics.ts', 'src/proxy'],
  'src/operator-pages.ts': ['src/parts-at-start.ts', 'src/proxy', 'src/ports.ts', 'src/domain'],
  'src/log-call.ts': ['src/proxy', 'src/ports.ts'],
  'src/config': ['src/domain'],
  'src/log.ts': ['src/ports.ts', 'src/config'],
  'src/start-checks.ts': ['src/config', 'src/domain'],
  'src/announce.ts': ['src/config'],
  'src/version.ts': [],
  'src/gateway.ts': [
    'src/proxy',
    'src/server',
    'src/upstream',
    'src/config',
    'src/parts-at-start.ts',
    'src/operator-pages.ts',
    'src/management.ts',
    'src/log-call.ts',
    'src/watch-health.ts',
    'src/watch-prices.ts',
    'src/budget-gauges.ts',
    'src/admin',
    'src/ports.ts',
    'src/domain',
  ],
  'src/main.ts': [
    'src/gateway.ts',
    'src/upstream',
    'src/config',
    'src/log.ts',
    'src/start-checks.ts',
    'src/announce.ts',
    'src/version.ts',
  ],
  'src/commands': [
    'src/version.ts',
    'src/main.ts',
    'src/gateway.ts',
    'src/upstream',
    'src/config',
    'src/prices',
    'src/sinks',
    'src/start-checks.ts',
    'src/log.ts',
    'src/ports.ts',
    'src/domain',
    'simulator',
  ],
  'src/quiet-sqlite.ts': [],
  'src/cli.ts': ['src/main.ts', 'src/quiet-sqlite.ts', 'src/version.ts', 'src/config', 'src/commands', 'simulator'],
  simulator: [],
};

/** Knowledge is computed, never fetched: of node's modules only those that compute. */
const DOMAIN_MODULES = new Set(['node:crypto', 'node:zlib', 'node:buffer']);

interface Import {
  readonly from: string;
  readonly to: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')));
}

function importsOf(file: string): Import[] {
  const source = readFileSync(path.join(ROOT, file), 'utf8');
  const specifiers = source.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
  );
  return [...specifiers].map(([, static_, dynamic, bare]) => {
    const specifier = static_ ?? dynamic ?? bare ?? '';
    const to = specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : specifier;
    return { from: file, to };
  });
}

function partOf(file: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((part) => file === part || file.startsWith(`${part}/`));
}

const files = [...filesBelow('src'), ...filesBelow('simulator')];
const imports = files.flatMap(importsOf);
const isOwn = ({ to }: Import): boolean => to.startsWith('src/') || to.startsWith('simulator/');

test('every file belongs to a part that has its rule', () => {
  assert.deepEqual(
    files.filter((file) => partOf(file) === undefined),
    [],
  );
});

test('imports go one way: cli → main → gateway → server, proxy, adapters → ports → domain', () => {
  const wrong = imports.filter(isOwn).filter(({ from, to }) => {
    const [part, imported] = [partOf(from) ?? '', partOf(to) ?? ''];
    return part !== imported && MAY_IMPORT[part]?.includes(imported) !== true;
  });
  assert.deepEqual(wrong, []);
});

test('the domain does no I/O and has no library', () => {
  const wrong = imports.filter(
    ({ from, to }) => from.startsWith('src/domain/') && !to.startsWith('src/') && !DOMAIN_MODULES.has(to),
  );
  assert.deepEqual(wrong, []);
});

test('only the demo and the simulator command know the simulator, and the simulator knows nobody', () => {
  const users = imports.filter(({ from, to }) => from.startsWith('src/') && to.startsWith('simulator/'));
  assert.deepEqual(
    users.filter(({ from }) => !from.startsWith('src/commands/demo') && from !== 'src/cli.ts'),
    [],
  );
});

test('there is no cycle', () => {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports.filter(isOwn)) edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(file), `cycle: ${[...trail.slice(trail.indexOf(file)), file].join(' → ')}`);
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test('the hot path has no framework, no fetch and no web stream', () => {
  const hot = files.filter((file) => /^src\/(?:domain|proxy|http1|server|upstream)\//.test(file));
  const offenders = hot.filter((file) =>
    /\bfetch\(|ReadableStream|TransformStream|from 'hono/.test(readFileSync(path.join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(offenders, []);
});

test('no file is so long that one loses the way in it', () => {
  const long = files
    .filter((file) => !file.includes('.generated.'))
    .map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > 350);
  assert.deepEqual(long, []);
});

test('answers are never ended on an error path', () => {
  const failing = readFileSync(path.join(ROOT, 'src/proxy/fail.ts'), 'utf8');
  assert.doesNotMatch(failing, /endAnswer/);
});
