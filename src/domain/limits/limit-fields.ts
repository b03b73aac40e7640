import { dollarsToNanos } from './dollars.ts';
import { type Limit, type LimitKind, LIMIT_KINDS, type LimitScope, makeLimit } from './limit.ts';
import { type LimitWindow, parseWindow } from './window.ts';

/** A field that can't be a limit. The message is for who sent it: one line that names the field. */
export class LimitFieldError extends Error {
  override readonly name = 'LimitFieldError';
  readonly field: string;

  constructor(field: string, problem: string) {
    super(`${field} ${problem}.`);
    this.field = field;
  }
}

/** LiteLLM's names of limits that keys, teams, users and customers have in common, and our own general form. */
export const LIMIT_FIELDS = [
  'rpm_limit',
  'tpm_limit',
  'max_parallel_requests',
  'max_budget',
  'soft_budget',
  'budget_duration',
  'budget_limits',
  'model_max_budget',
  'model_rpm_limit',
  'model_tpm_limit',
  'tag_rpm_limit',
  'temp_budget_increase',
  'temp_budget_expiry',
  'limits',
] as const;

type Fields = Readonly<Partial<Record<(typeof LIMIT_FIELDS)[number], unknown>>>;
type JsonObject = Readonly<Record<string, unknown>>;

const MINUTE: LimitWindow = { kind: 'rolling', seconds: 60 };
const FOREVER: LimitWindow = { kind: 'forever' };
/** More limits than this on one holder are a mistake, and each costs every call. */
const LIMITS_MAX = 100;

/**
 * The limits that fields of the management API stand for. Fields it does not know are not looked at; null and absent are
 * the same. Of two limits on the same counter the smaller maximum holds.
 * @throws LimitFieldError for the first field that is wrong
 */
export function limitsFromFields(scope: LimitScope, fields: Fields): readonly Limit[] {
  const limits = [
    ...rates(scope, fields),
    ...budgets(scope, fields),
    ...perModel(scope, fields),
    ...perTag(scope, fields),
    ...general(scope, fields),
  ];
  if (limits.length > LIMITS_MAX) throw new LimitFieldError('limits', `are more than ${LIMITS_MAX}`);
  const byCounter = new Map<string, Limit>();
  for (const limit of limits) {
    const other = byCounter.get(limit.id);
    if (other === undefined || limit.max < other.max) byCounter.set(limit.id, limit);
  }
  return [...byCounter.values()];
}

function rates(scope: LimitScope, fields: Fields): Limit[] {
  const [rpm, tpm, parallel] = [
    countOf(fields, 'rpm_limit'),
    countOf(fields, 'tpm_limit'),
    countOf(fields, 'max_parallel_requests'),
  ];
  const limits: Limit[] = [];
  if (rpm !== null) limits.push(requestsPerMinute(scope, rpm));
  if (tpm !== null) limits.push(tokensPerMinute(scope, tpm));
  if (parallel !== null)
    limits.push(makeLimit({ kind: 'concurrency', max: parallel, window: { kind: 'none' }, scope }));
  return limits;
}

function requestsPerMinute(scope: LimitScope, max: number): Limit {
  return makeLimit({ kind: 'requests', max, window: MINUTE, scope });
}

/** LiteLLM's clients expect a rate of tokens to follow what they use, not what they might have used. */
function tokensPerMinute(scope: LimitScope, max: number): Limit {
  return makeLimit({ kind: 'totalTokens', max, window: MINUTE, scope, reserve: 'usual' });
}

function budgets(scope: LimitScope, fields: Fields): Limit[] {
  const window = isAbsent(fields.budget_duration) ? FOREVER : windowOf('budget_duration', fields.budget_duration);
  const [max, soft] = [moneyOf(fields, 'max_budget'), moneyOf(fields, 'soft_budget')];
  const limits: Limit[] = [];
  if (max !== null) limits.push(makeLimit({ kind: 'spend', max, window, scope, increase: increaseOf(fields) }));
  if (soft !== null) limits.push(makeLimit({ kind: 'spend', max: soft, window, scope, hard: false, reserve: 'usual' }));
  for (const [field, entry] of entriesOf(fields.budget_limits, 'budget_limits')) {
    limits.push(budgetOf(field, entry, scope, null));
  }
  return limits;
}

/** `{max_budget, budget_duration}`; LiteLLM's per-model budgets call the same `{budget_limit, time_period}`. */
function budgetOf(field: string, entry: unknown, scope: LimitScope, model: string | null): Limit {
  const budget = objectOf(field, entry);
  const amount = budget['max_budget'] ?? budget['budget_limit'];
  const duration = budget['budget_duration'] ?? budget['time_period'];
  const max = dollarsToNanos(amount);
  if (max === null) throw new LimitFieldError(field, 'needs a max_budget of dollars');
  return makeLimit({
    kind: 'spend',
    max,
    window: isAbsent(duration) ? FOREVER : windowOf(field, duration),
    scope,
    model,
  });
}

function increaseOf(fields: Fields): Limit['increase'] {
  const amount = moneyOf(fields, 'temp_budget_increase');
  if (amount === null) return null;
  const expiry = fields.temp_budget_expiry;
  const untilMs = typeof expiry === 'string' ? Date.parse(expiry) : NaN;
  if (Number.isNaN(untilMs)) {
    throw new LimitFieldError('temp_budget_expiry', 'must be a date when there is a temp_budget_increase');
  }
  return { amount, untilMs };
}

function perModel(scope: LimitScope, fields: Fields): Limit[] {
  const limits: Limit[] = [];
  for (const [model, entry] of namesOf(fields.model_max_budget, 'model_max_budget')) {
    const field = `model_max_budget of ${model}`;
    const budget = typeof entry === 'object' ? entry : { max_budget: entry };
    limits.push(budgetOf(field, budget, scope, model));
  }
  for (const [model, entry] of namesOf(fields.model_rpm_limit, 'model_rpm_limit')) {
    const max = count(`model_rpm_limit of ${model}`, entry);
    limits.push(makeLimit({ kind: 'requests', max, window: MINUTE, scope, model }));
  }
  for (const [model, entry] of namesOf(fields.model_tpm_limit, 'model_tpm_limit')) {
    const max = count(`model_tpm_limit of ${model}`, entry);
    limits.push(makeLimit({ kind: 'totalTokens', max, window: MINUTE, scope, model, reserve: 'usual' }));
  }
  return limits;
}

function perTag(scope: LimitScope, fields: Fields): Limit[] {
  return namesOf(fields.tag_rpm_limit, 'tag_rpm_limit').map(([tag, entry]) =>
    makeLimit({ kind: 'requests', max: count(`tag_rpm_limit of ${tag}`, entry), window: MINUTE, scope, tag }),
  );
}

function general(scope: LimitScope, fields: Fields): Limit[] {
  return entriesOf(fields.limits, 'limits').map(([field, entry]) => generalLimit(field, objectOf(field, entry), scope));
}

const GENERAL_NAMES: ReadonlySet<string> = new Set(['kind', 'max', 'window', 'model', 'hard']);

function generalLimit(field: string, entry: JsonObject, scope: LimitScope): Limit {
  const unknown = Object.keys(entry).find((name) => !GENERAL_NAMES.has(name));
  if (unknown !== undefined) throw new LimitFieldError(field, `has no ${unknown}`);
  const { kind, max, window, model, hard = true } = entry;
  if (!isKind(kind)) throw new LimitFieldError(field, `needs a kind: ${LIMIT_KINDS.join(', ')}`);
  if (typeof hard !== 'boolean') throw new LimitFieldError(field, 'can be hard or not: true or false');
  if (!isAbsent(model) && (typeof model !== 'string' || model === ''))
    throw new LimitFieldError(field, 'needs a model id with * as its model');
  return makeLimit({
    kind,
    max: kind === 'spend' ? money(`max of ${field}`, max) : count(`max of ${field}`, max),
    window: generalWindow(field, kind, window),
    scope,
    model: typeof model === 'string' ? model : null,
    hard,
    reserve: hard ? 'upperBound' : 'usual',
  });
}

function generalWindow(field: string, kind: LimitKind, window: unknown): LimitWindow {
  if (kind !== 'concurrency') return windowOf(field, window);
  if (isAbsent(window)) return { kind: 'none' };
  throw new LimitFieldError(field, 'is of requests at the same time, which have no window');
}

function isKind(kind: unknown): kind is LimitKind {
  return LIMIT_KINDS.some((known) => known === kind);
}

function windowOf(field: string, value: unknown): LimitWindow {
  const window = typeof value === 'string' ? parseWindow(value) : null;
  if (window === null) {
    throw new LimitFieldError(field, 'needs a duration such as 30m, 24h, 7d, 1mo, rolling:60s or forever');
  }
  return window;
}

function countOf(fields: Fields, field: (typeof LIMIT_FIELDS)[number]): number | null {
  return isAbsent(fields[field]) ? null : count(field, fields[field]);
}

function count(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new LimitFieldError(field, 'must be a whole number from 0');
}

function moneyOf(fields: Fields, field: (typeof LIMIT_FIELDS)[number]): number | null {
  return isAbsent(fields[field]) ? null : money(field, fields[field]);
}

function money(field: string, value: unknown): number {
  const nanos = dollarsToNanos(value);
  if (nanos === null)
    throw new LimitFieldError(field, 'must be an amount of dollars: 0, or from 0.000000001 to 9007199');
  return nanos;
}

function entriesOf(value: unknown, field: string): [string, unknown][] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw new LimitFieldError(field, 'must be a list');
  return value.map((entry: unknown, index) => [`${field}[${index}]`, entry]);
}

function namesOf(value: unknown, field: string): [string, unknown][] {
  return isAbsent(value) ? [] : Object.entries(objectOf(field, value));
}

function objectOf(field: string, value: unknown): JsonObject {
  if (isObject(value)) return value;
  throw new LimitFieldError(field, 'must be an object');
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
