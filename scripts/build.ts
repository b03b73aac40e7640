/** Writes `dist/`, what the package and the image run: JavaScript only, and nothing left from an earlier build. */
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const compiler = new URL('bin/tsc', import.meta.resolve('typescript/package.json'));

rmSync(new URL('dist', root), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [fileURLToPath(compiler), '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
// npm makes the command executable when it installs the package; the image runs it from here.
if (status === 0) chmodSync(new URL('dist/src/cli.js', root), 0o755);
process.exitCode = status ?? 1;
