import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));

export interface Run {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves when standard output contains the text; rejects when the command ends before. */
  readonly says: (text: string) => Promise<void>;
  /** Resolves with the exit code when the command has ended. */
  readonly ended: Promise<number | null>;
}

export interface RunOptions {
  /** The whole environment of the command but for PATH: nothing of this machine's AWS settings comes in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Each gateway keeps its keys in a folder of its own: another's are sealed under another master key. */
function ownDataDir(args: readonly string[], env: RunOptions['env']): Record<string, string> {
  if (args[0] !== 'start' || env?.['OUTCROP_DATA_DIR'] !== undefined) return {};
  const folder = mkdtempSync(join(tmpdir(), 'outcrop-data-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { OUTCROP_DATA_DIR: folder };
}

/** Starts `outcrop` as a user does: a process of its own, without a terminal. */
export function startOutcrop(args: readonly string[], { env = {}, cwd }: RunOptions = {}): Run {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...ownDataDir(args, env),
      ...env,
    },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = once(child, 'close').then(() => child.exitCode);
  return {
    child,
    output: () => output,
    errors: () => errors,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!output.includes(text)) return;
          child.stdout.off('data', look);
          resolve();
        };
        child.stdout.on('data', look);
        look();
        void ended.then(() => reject(new Error(`It ended without saying "${text}":\n${output}${errors}`)));
      }),
  };
}

/** Runs `outcrop` to its end. */
export async function runOutcrop(
  args: readonly string[],
  options: RunOptions = {},
): Promise<{ readonly code: number | null; readonly output: string; readonly errors: string }> {
  const run = startOutcrop(args, options);
  const code = await run.ended;
  return { code, output: run.output(), errors: run.errors() };
}
