import type { StoreFault } from './ports.ts';

/** What the management API refuses with, by status: LiteLLM's names for the kinds of error. */
const TYPES = {
  400: 'bad_request_error',
  401: 'auth_error',
  403: 'auth_error',
  404: 'not_found_error',
  405: 'bad_request_error',
  408: 'bad_request_error',
  409: 'bad_request_error',
  413: 'bad_request_error',
  422: 'validation_error',
  429: 'throttling_error',
  500: 'internal_server_error',
  503: 'service_unavailable',
} as const;

export type ProblemStatus = keyof typeof TYPES;

/** A request that the management API does not fulfil. The message goes to the client: one line, never a secret. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: ProblemStatus;
  /** The field concerned, if one is. */
  readonly param: string | null;
  readonly type: string;
  /** What a client should wait before it tries again; null where that is no use. */
  readonly retryAfterSeconds: number | null;

  constructor(
    status: ProblemStatus,
    message: string,
    options: {
      readonly param?: string | null;
      readonly type?: string;
      readonly retryAfterSeconds?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.param = options.param ?? null;
    this.type = options.type ?? TYPES[status];
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

/** LiteLLM's envelope; its `code` is the status as text. */
export function problemBody({ message, type, param, status }: Problem): object {
  return { error: { message, type, param, code: String(status) } };
}

/** The kind of object a reference of the store stands for, in the words of the API. */
const PARAMS: Readonly<Record<string, string>> = {
  alias: 'key_alias',
  lookup: 'key',
  email: 'user_email',
  team: 'team_id',
  user: 'user_id',
  member: 'user_id',
  customer: 'user_id',
  budget: 'budget_id',
};

/** @returns null for what is no fault of a request: a defect of ours. */
export function problemOfStoreFault({ kind, field }: StoreFault, cause: unknown): Problem | null {
  const param = field === null ? null : (PARAMS[field] ?? field);
  switch (kind) {
    case 'unavailable':
      return new Problem(503, 'The database is out of reach: nothing has been changed for certain, try again.', {
        cause,
      });
    case 'conflict':
      return new Problem(400, `Another entry has this ${param ?? 'value'} already.`, { param });
    case 'missing':
      return new Problem(404, `There is no such ${field ?? 'entry'}.`, { param });
    case 'invalid':
      return new Problem(422, 'A value can not be stored, or the page does not exist.', { param });
    case 'cannotOpen':
      return null;
  }
}

const FIELD_NAME = /^[A-Za-z0-9_]{1,32}$/;

/** The name of a field as a refusal may repeat it: somebody may have put a key where a name belongs. */
export function shownField(name: string): string {
  return FIELD_NAME.test(name) ? name : '(a name that is not shown)';
}

/** A value as a refusal may repeat it: short, on one line, and not if a key could be in it. */
export function shownValue(value: string): string {
  if (/sk-|[A-Za-z0-9+/]{40}/i.test(value)) return '(not shown)';
  const plain = value.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > 80 ? `${plain.slice(0, 80)}…` : plain;
}
