import { pino } from 'pino';
import type { Settings } from './config/settings.ts';
import type { Log } from './ports.ts';

/** Text that a client sent may be in a line; no field is longer than this. */
const FIELD_CHARACTERS_MAX = 1000;

/** JSON lines on standard error, so that standard output stays free for what a command prints. */
export function createLog(level: Settings['logLevel']): Log {
  const destination = pino.destination({ fd: 2, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, reason: bounded },
    },
    destination,
  );
}

/** An error as a name, a code and a message, and the same of its cause. Stacks are for defects only. */
function describeError(error: unknown): unknown {
  if (typeof error === 'string') return bounded(error);
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const isDefect = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return {
    name: error.name,
    code,
    message: bounded(error.message),
    stack: isDefect ? error.stack : undefined,
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}

function bounded(value: unknown): unknown {
  return typeof value === 'string' ? value.slice(0, FIELD_CHARACTERS_MAX) : value;
}
