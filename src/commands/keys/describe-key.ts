import { table } from '../table.ts';
import type { FreshKeyAnswer, KeyAnswer } from './key-answers.ts';
import { printable } from './management-api.ts';

const NOTHING = '-';

/** A line for each key. */
export function describeKeys(keys: readonly KeyAnswer[], nowMs: number): string {
  if (keys.length === 0) return 'No keys.';
  const rows = keys.map((key) => [
    key.token_id,
    key.key_alias ?? NOTHING,
    key.key_name,
    key.team_id ?? NOTHING,
    key.user_id ?? NOTHING,
    key.expires ?? 'never',
    stateOf(key, nowMs),
  ]);
  return cells([['ID', 'ALIAS', 'KEY', 'TEAM', 'USER', 'EXPIRES', 'STATE'], ...rows]);
}

/** All that is known of one key, a line for each fact. */
export function describeKey(key: KeyAnswer, nowMs: number): string {
  return cells([
    ['id', key.token_id],
    ['alias', key.key_alias ?? NOTHING],
    ['key', key.key_name],
    ['state', stateOf(key, nowMs)],
    ['expires', key.expires ?? 'never'],
    ['team', key.team_id ?? NOTHING],
    ['user', key.user_id ?? NOTHING],
    ['models', listed(key.models, 'all')],
    ['operations', listed(key.allowed_operations, 'the default ones')],
    ['resources', listed(key.allowed_resources, 'all')],
    ['regions', listed(key.allowed_regions, 'all')],
    ['sources', listed(key.allowed_source_addresses, 'all')],
    ['routes', listed(key.allowed_routes, 'all')],
    ['tags', listed(key.tags, NOTHING)],
    ['sinks', sinksOf(key)],
    ['content', contentOf(key)],
    ['created', `${key.created_at} by ${key.created_by}`],
  ]);
}

/** The secrets of a key, which nobody will see again. */
export function describeSecrets(key: FreshKeyAnswer): string {
  return cells([
    ['id', key.token_id],
    ['key', key.key],
    ['AWS access key id', key.aws_access_key_id],
    ['AWS secret access key', key.aws_secret_access_key],
    ['expires', key.expires ?? 'never'],
  ]);
}

function sinksOf({ sinks, disabled_sinks: disabled }: KeyAnswer): string {
  const named = sinks === null ? 'all' : listed(sinks, 'none');
  return disabled.length === 0 ? named : `${named}, but not ${disabled.join(', ')}`;
}

function contentOf(key: KeyAnswer): string {
  if (key.record_content === false) return 'not kept';
  const kept = key.record_content === true ? 'kept' : 'as the gateway does';
  const rate = key.content_sample_rate === 1 ? [] : [`of a share of ${key.content_sample_rate}`];
  const redacted = [...key.redact_fields, ...key.redact_patterns];
  return [kept, ...rate, ...(redacted.length === 0 ? [] : [`without ${redacted.join(' and ')}`])].join(', ');
}

function stateOf({ blocked, expires }: KeyAnswer, nowMs: number): string {
  if (blocked) return 'blocked';
  return expires !== null && Date.parse(expires) <= nowMs ? 'expired' : 'active';
}

function listed(entries: readonly string[], none: string): string {
  return entries.length === 0 ? none : entries.join(', ');
}

function cells(rows: readonly (readonly string[])[]): string {
  return table(rows.map((row) => row.map(printable)));
}
