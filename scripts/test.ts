/**
 * Runs the tests: all of them, or those whose path contains one of the arguments (`npm test -- proxy clients/aws`).
 * Node's own runner does the work; `test-report.ts` makes its output one line per file.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Test files start gateways, simulators and clients of their own: more at once would only make them slow. */
const FILES_AT_ONCE_MAX = 3;

const root = fileURLToPath(new URL('..', import.meta.url));
/** Every test file loads much the same modules in a process of its own: compiled once, that is a fifth of the time. */
const COMPILED = join(root, 'node_modules', '.cache', 'test-modules');
const wanted = process.argv.slice(2).map((path) => path.replace(/^\.\//, ''));
const files = globSync('test/**/*.test.ts', { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();

if (files.length === 0) {
  console.error(`No test file has ${wanted.map((part) => `"${part}"`).join(' or ')} in its path.`);
  process.exit(1);
}

const runner = spawn(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${Math.max(2, Math.min(FILES_AT_ONCE_MAX, availableParallelism()))}`,
    `--import=${new URL('test-deadline.ts', import.meta.url).href}`,
    `--test-reporter=${new URL('test-report.ts', import.meta.url).href}`,
    ...files,
  ],
  { cwd: root, env: { NODE_COMPILE_CACHE: COMPILED, ...process.env }, stdio: ['ignore', 'inherit', 'inherit'] },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => runner.kill(signal));
runner.once('exit', (code) => {
  process.exitCode = code ?? 1;
});
