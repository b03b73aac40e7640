/** Everything that can be said about the code without running it, and that the written pages fit it: a line each. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tools = `${root}node_modules/.bin`;

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** The slowest come first, so that the quick ones fill the gaps. */
const CHECKS: readonly Check[] = [
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'operation tables', command: ['node', 'scripts/update-operations.ts', '--check'] },
  { name: 'price book', command: ['node', 'scripts/update-prices.ts', '--check'] },
  { name: 'types', command: ['tsc', '--noEmit', '--project', '.'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'written pages', command: ['node', 'scripts/write-docs.ts', '--check'] },
  { name: 'architecture and pages', command: ['node', 'scripts/test.ts', 'architecture.test.ts', 'docs.test.ts'] },
];

const waiting = [...CHECKS];
const failed: string[] = [];
await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

async function work(): Promise<void> {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const startedMs = performance.now();
    const { passed, output } = await run(check.command);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`${passed ? '✔' : '✖'} ${check.name}  ${seconds} s`);
    if (passed) continue;
    failed.push(check.name);
    console.log(`\n$ ${check.command.join(' ')}\n${output}`);
  }
}

/** Runs one of the project's own tools on the project's own Node, and collects what it says. */
function run([tool, ...args]: Check['command']): Promise<{ passed: boolean; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}` };
    const inFolder = `${tools}/${tool}`;
    const child = spawn(existsSync(inFolder) ? inFolder : tool, args, {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (text: Buffer): void => {
      output += text.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => resolve({ passed: false, output: error.message }));
    child.once('close', (code) => resolve({ passed: code === 0, output }));
  });
}
