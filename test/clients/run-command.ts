import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Null when it was ended by a signal, as at its timeout. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Over an environment from which everything about AWS has been taken out. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly cwd?: string;
}

const TIMEOUT_MS = 60_000;

/** Runs a client of this machine to its end. No AWS setting of the machine decides how it goes. */
export async function runCommand(
  command: string,
  argv: readonly string[],
  { env = {}, stdin = '', cwd = process.cwd() }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, argv, { env: { ...withoutAws(process.env), ...env }, cwd, timeout: TIMEOUT_MS });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.end(stdin);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.on('error', reject);
  child.on('close', resolve);
  const exitCode = await promise;
  return { exitCode, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** An environment for AWS clients in which nothing but what a test adds says anything about AWS. */
export function withoutAws(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !name.startsWith('AWS_') && !/^(https?|no|all)_proxy$/i.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}
