import { spawnSync } from 'node:child_process';

/** What tests use that npm does not bring, each with a command that succeeds where it is at hand. */
const PROBES = {
  'python3 with boto3': ['python3', '-c', 'import boto3'],
  awscli: ['aws', '--version'],
  curl: ['curl', '--version'],
  openssl: ['openssl', 'version'],
  nginx: ['nginx', '-v'],
  'redis-server': ['redis-server', '--version'],
  chromium: ['chromium', '--version'],
} as const;

export type Need = keyof typeof PROBES;

const PROBE_TIMEOUT_MS = 30_000;
const found = new Map<Need, boolean>();

/**
 * Options for a test or suite that needs something from the machine: it is skipped with one loud line where that is
 * missing.
 * @throws Error instead of skipping when CI=true, where nothing may go untested.
 */
export function needs(...wanted: readonly Need[]): { readonly skip: string | false } {
  const missing = wanted.filter((need) => !isAtHand(need));
  if (missing.length === 0) return { skip: false };
  const reason = `needs ${missing.join(' and ')}, which this machine does not have`;
  if (process.env['CI'] === 'true') throw new Error(`A test ${reason}.`);
  return { skip: reason };
}

function isAtHand(need: Need): boolean {
  const known = found.get(need);
  if (known !== undefined) return known;
  const [command, ...argv] = PROBES[need];
  const probe = spawnSync(command, argv, { stdio: 'ignore', timeout: PROBE_TIMEOUT_MS });
  const isThere = probe.error === undefined && probe.status === 0;
  found.set(need, isThere);
  if (!isThere && process.env['CI'] !== 'true') console.warn(`SKIPPED: tests that need ${need} (not on this machine)`);
  return isThere;
}
