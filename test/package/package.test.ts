import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { emptyFolder, installNode, installPackage, registryIsReachable } from './installed-package.ts';

const runFile = promisify(execFile);

/** The oldest Node that is supported and the next long-term one; the newest is the one that runs the tests. */
const OTHER_NODES = ['22.19.0', '24.21.0'];
const DEMO_TIMEOUT_MS = 60_000;

const reachable = await registryIsReachable();
if (!reachable && process.env['CI'] === 'true') throw new Error('A test needs the npm registry.');

const options = { skip: reachable ? false : 'needs the npm registry, which cannot be reached', concurrency: 3 };

describe('the package', options, async () => {
  if (!reachable) return;
  const below = emptyFolder();
  after(() => rmSync(below, { recursive: true }));

  const hasOtherNodes = process.platform === 'linux' && process.arch === 'x64';
  const [{ folder, packageFolder }, ...otherNodes] = await Promise.all([
    installPackage(below),
    ...(hasOtherNodes ? OTHER_NODES.map((version) => installNode(below, version)) : []),
  ]);
  const files = readdirSync(packageFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(packageFolder, path.join(entry.parentPath, entry.name)));
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')));

  test('holds what runs and what is read, and neither sources nor tests', () => {
    assert.ok(files.includes('dist/src/cli.js') && files.includes('dist/simulator/operations.generated.json'));
    assert.deepEqual(
      files.filter(
        (file) =>
          !/^(dist\/(src|simulator)\/.+\.(js|json)|docs\/.+\.(md|json)|[A-Z]+(\.md)?|package\.json)$/.test(file),
      ),
      [],
    );
  });

  test('names no folder of the machine it was made on', () => {
    const made = new RegExp([process.cwd(), below, '/(home|Users|root|work|tmp)/\\w'].join('|'));
    assert.deepEqual(
      files.filter((file) => made.test(readFileSync(path.join(packageFolder, file), 'utf8'))),
      [],
    );
  });

  const nodes = [
    { name: 'the Node of the tests', nodeFolder: path.dirname(process.execPath) },
    ...OTHER_NODES.map((other, index) => ({ name: `Node ${other}`, nodeFolder: otherNodes[index] })),
  ];
  for (const { name, nodeFolder } of nodes) {
    const skip = nodeFolder === undefined ? 'npm has other versions of Node for Linux on x64 only' : false;
    const outcrop = async (...args: readonly string[]): Promise<string> => {
      const env = { PATH: [path.join(folder, 'node_modules', '.bin'), nodeFolder].join(path.delimiter) };
      const { stdout, stderr } = await runFile('outcrop', args, { cwd: folder, env, timeout: DEMO_TIMEOUT_MS });
      assert.equal(stderr, '');
      return stdout;
    };

    test(`says its version on ${name}`, { skip }, async () => {
      assert.equal(await outcrop('--version'), `${version}\n`);
    });

    test(`runs the demo on ${name}, without the repository`, { skip }, async () => {
      const shown = await outcrop('demo', '--once', '--port', '0');
      assert.equal(shown.match(/^ {2}200 /gm)?.length, 6, shown);
    });
  }
});
