import type { LoadedConfig } from '../../config/load.ts';
import type { LoadedCredentials } from '../../upstream/identities.ts';

/** One thing the doctor looked at. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly about: string;
  /** `warning` is worth knowing; `fails` is what requests, or the start, would fail on. */
  readonly state: 'ok' | 'warning' | 'fails';
  /** What is. Never a secret. */
  readonly found: string;
  /** What to do about it, where something is to be done. */
  readonly mend?: string;
}

/** What the checks look at. */
export interface Patient {
  readonly config: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks the AWS credential chain; every call after the first gets the same answer. */
  readonly credentials: () => Promise<LoadedCredentials>;
  readonly nowMs: () => number;
}

/** Looks at one part and never throws for what it finds there. */
export type Check = (patient: Patient) => Promise<readonly Finding[]>;

export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return (error.message.split('\n', 1)[0] ?? '').slice(0, 300);
}

/** The code of a system error, such as ECONNREFUSED. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
