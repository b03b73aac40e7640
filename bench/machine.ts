import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Where and when a result was taken, without which it says nothing. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly nginx: string;
  /** Load average of the last minute before the start: above a few tenths something else is running. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  // nginx prints its version on standard error.
  const { stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 16),
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.versions.node,
    nginx: /nginx\/(\S+)/.exec(stderr ?? '')?.[1] ?? 'absent',
    loadBefore: loadavg()[0] ?? Number.NaN,
  };
}
