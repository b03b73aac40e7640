import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** The core of whatever is measured. */
export const MEASURED_CORE = 0;
/** The core of all the rest: the load, the upstream and the bench itself. */
export const OTHER_CORE = 1;

const STOP_MS_MAX = 10_000;
const KEPT_OUTPUT_CHARACTERS = 4000;

export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Resolves with the first match in what it has printed. @throws Error when it ends first */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** The end of what it has printed, for error messages. */
  output(): string;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly core: number;
  /** The whole environment; default: that of the bench. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether it talks with the bench by messages. */
  readonly messages?: boolean;
}

/** Puts the bench itself on the core that is not measured. @throws Error where that is not possible */
export function pinSelf(): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-cp', String(OTHER_CORE), String(process.pid)]);
  if (status !== 0) throw new Error(`The bench needs Linux, taskset and two cores. ${stderr?.toString() ?? ''}`);
}

/** A loop that runs on a core only when nothing else wants it (SCHED_IDLE), so that the core never goes to sleep. */
const NEVER_SLEEP = ['--idle', '0', 'sh', '-c', 'while :; do :; done'];

/** Starts processes and ends every one of them, however the bench ends. */
export class Processes {
  readonly #running = new Set<RunningProcess>();

  start(command: string, args: readonly string[], options: StartOptions): RunningProcess {
    const child = spawn('taskset', ['-c', String(options.core), command, ...args], {
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe', ...(options.messages === true ? (['ipc'] as const) : [])],
    });
    const running = describeProcess(child, `${command} ${args.join(' ')}`);
    this.#running.add(running);
    child.once('exit', () => this.#running.delete(running));
    return running;
  }

  /** Keeps both cores from going to sleep. @returns how to let them sleep again */
  keepAwake(): () => Promise<void> {
    const loops = [MEASURED_CORE, OTHER_CORE].map((core) => this.start('chrt', NEVER_SLEEP, { core }));
    return async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    };
  }

  /** What those that still run have printed last. */
  outputs(): string[] {
    return [...this.#running].map((running) => running.output()).filter((output) => output !== '');
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
  }
}

function describeProcess(child: ChildProcess, name: string): RunningProcess {
  let output = '';
  const ended = once(child, 'exit');
  ended.catch(() => undefined);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS);
      child.emit('printed');
    });
  }
  return {
    // A process that could not be started has no pid and ends at once with an error.
    pid: child.pid ?? 0,
    child,
    output: () => output,
    printed: async (pattern) => {
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        if (child.exitCode !== null || child.pid === undefined) throw new Error(`${name} ended:\n${output}`);
        await Promise.race([once(child, 'printed'), ended]);
      }
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      child.kill('SIGTERM');
      const late = new AbortController();
      const killer = setTimeout(STOP_MS_MAX, undefined, { signal: late.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      await ended;
      late.abort();
      await killer;
    },
  };
}
