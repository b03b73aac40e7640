import { readdirSync, readFileSync } from 'node:fs';

/** What the kernel knows of processes. Source: proc(5). */

/** Ticks of the times in /proc, per second: fixed by the kernel's interface on every architecture Node runs on. */
const USER_HZ = 100;

/** CPU time of processes so far in seconds, user and system, all their threads. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / USER_HZ;
}

/**
 * How long the main threads of processes have been ready to run while something else had their core, in seconds: what the
 * rest of the machine took from a measurement.
 */
export function waitedSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) nanoseconds += Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]);
  return nanoseconds / 1e9;
}

/** A process and all that descend from it. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(statFields(Number(name))[1]));
    } catch {
      // It ended while the list was read.
    }
  }
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

/** Resident memory in MiB: now, and the most there has been. */
export function residentMib(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { now: kib('VmRSS') / 1024, peak: kib('VmHWM') / 1024 };
}

/** The fields of /proc/PID/stat after the name, which is in parentheses and may hold anything. The first is the state. */
function statFields(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
