import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { usageOfValues } from '../../src/domain/usage-codec.ts';
import type { TestPostgres } from '../support/postgres.ts';
import type { Quantities } from './bills.ts';

/** What the gateway has written down, read from its database by SQL of our own. */

/** SQLite is asked for BigInts; PostgreSQL's driver gives texts. */
const whole = z.union([
  z.bigint(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(BigInt),
]);

const callRow = z.object({
  id: z.string(),
  session_id: z.string().nullable(),
  key_id: z.string().nullable(),
  customer_id: z.string().nullable(),
  tags: z.string(),
  operation: z.string().nullable(),
  model_id: z.string().nullable(),
  status: whole.nullable(),
  outcome: z.string(),
  estimated: whole,
  refusal: z.string().nullable(),
  aws_request_id: z.string().nullable(),
  usage: z.string(),
  cost_nanos: whole.nullable(),
  reserved_nanos: whole,
  price_version: z.string().nullable(),
});

/** One call as it is stored. */
export interface CallOnDisk {
  readonly id: string;
  readonly session: string | null;
  readonly keyId: string | null;
  readonly customerId: string | null;
  readonly tags: readonly string[];
  readonly operation: string | null;
  readonly modelId: string | null;
  readonly status: number | null;
  readonly outcome: string;
  readonly estimated: boolean;
  readonly refusal: string | null;
  readonly awsRequestId: string | null;
  readonly used: Quantities;
  readonly source: string;
  readonly complete: boolean;
  /** Null where it is unknown. */
  readonly costNanos: bigint | null;
  readonly reservedNanos: bigint;
  readonly priceVersion: string | null;
}

/** The totals that are kept for ever, added up. */
export interface TotalsOnDisk {
  readonly requests: bigint;
  readonly unpriced: bigint;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly costNanos: bigint;
  readonly chargedNanos: bigint;
  readonly estimatedNanos: bigint;
}

const totalsRow = z.object({
  requests: whole,
  unpriced: whole,
  input_tokens: whole,
  output_tokens: whole,
  cost_nanos: whole,
  charged_nanos: whole,
  estimated_nanos: whole,
});

const SUMS = `
  coalesce(sum(requests), 0) as requests, coalesce(sum(unpriced_requests), 0) as unpriced,
  coalesce(sum(input_tokens), 0) as input_tokens, coalesce(sum(output_tokens), 0) as output_tokens,
  coalesce(sum(cost_nanos), 0) as cost_nanos, coalesce(sum(charged_nanos), 0) as charged_nanos,
  coalesce(sum(estimated_nanos), 0) as estimated_nanos`;

const JSON_STRINGS = z.array(z.string());

export interface LedgerOnDisk {
  readonly calls: readonly CallOnDisk[];
  readonly totals: TotalsOnDisk;
  /** By tag. */
  readonly tagTotals: ReadonlyMap<string, TotalsOnDisk>;
}

/** @param dataDir of a gateway that keeps its ledger in SQLite */
export function readLedger(dataDir: string): LedgerOnDisk {
  const database = new DatabaseSync(path.join(dataDir, 'outcrop.db'), { readOnly: true });
  const all = (sql: string): unknown[] => {
    const statement = database.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all();
  };
  try {
    const { calls, totals, tagTotals } = queriesOf('main');
    return ledgerOf(all(calls), all(totals), all(tagTotals));
  } finally {
    database.close();
  }
}

/** @param url of a database that gateways keep their ledger in */
export async function readPostgresLedger(postgres: TestPostgres, url: string): Promise<LedgerOnDisk> {
  const { calls, totals, tagTotals } = queriesOf('outcrop');
  const all = (sql: string): ReturnType<TestPostgres['query']> => postgres.query(url, sql);
  return ledgerOf(await all(calls), await all(totals), await all(tagTotals));
}

function queriesOf(schema: 'main' | 'outcrop') {
  return {
    calls: `select * from ${schema}.call`,
    totals: `select ${SUMS} from ${schema}.daily_total`,
    tagTotals: `select tag, ${SUMS} from ${schema}.daily_tag_total group by tag`,
  };
}

function ledgerOf(
  calls: readonly unknown[],
  [totals]: readonly unknown[],
  tagTotals: readonly unknown[],
): LedgerOnDisk {
  const tagged = z.array(totalsRow.extend({ tag: z.string() })).parse(tagTotals);
  return {
    calls: z.array(callRow).parse(calls).map(readCall),
    totals: readTotals(totalsRow.parse(totals)),
    tagTotals: new Map(tagged.map((row) => [row.tag, readTotals(row)])),
  };
}

function readCall(row: z.infer<typeof callRow>): CallOnDisk {
  const { lines, source, complete } = usageOfValues(JSON.parse(row.usage));
  const used: Record<string, number> = {};
  for (const { unit, quantity } of lines) used[unit] = (used[unit] ?? 0) + quantity;
  return {
    id: row.id,
    session: row.session_id,
    keyId: row.key_id,
    customerId: row.customer_id,
    tags: JSON_STRINGS.parse(JSON.parse(row.tags)),
    operation: row.operation,
    modelId: row.model_id,
    status: row.status === null ? null : Number(row.status),
    outcome: row.outcome,
    estimated: row.estimated === 1n,
    refusal: row.refusal,
    awsRequestId: row.aws_request_id,
    used,
    source,
    complete,
    costNanos: row.cost_nanos,
    reservedNanos: row.reserved_nanos,
    priceVersion: row.price_version,
  };
}

function readTotals(row: z.infer<typeof totalsRow>): TotalsOnDisk {
  return {
    requests: row.requests,
    unpriced: row.unpriced,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costNanos: row.cost_nanos,
    chargedNanos: row.charged_nanos,
    estimatedNanos: row.estimated_nanos,
  };
}

/** What the totals have to be, added up from single calls. */
export function addUp(calls: readonly CallOnDisk[]): TotalsOnDisk {
  const sum = (of: (call: CallOnDisk) => bigint): bigint => calls.reduce((total, call) => total + of(call), 0n);
  const quantity = (call: CallOnDisk, unit: string): bigint => BigInt(call.used[unit] ?? 0);
  return {
    requests: BigInt(calls.length),
    unpriced: sum(({ costNanos }) => (costNanos === null ? 1n : 0n)),
    inputTokens: sum((call) => quantity(call, 'inputTokens')),
    outputTokens: sum((call) => quantity(call, 'outputTokens')),
    costNanos: sum(({ costNanos }) => costNanos ?? 0n),
    chargedNanos: sum(({ costNanos, reservedNanos }) => costNanos ?? reservedNanos),
    estimatedNanos: sum(({ estimated, costNanos }) => (estimated ? (costNanos ?? 0n) : 0n)),
  };
}

/** Calls by the name their client gave them. @throws Error when a name has two */
export function bySession(calls: readonly CallOnDisk[]): ReadonlyMap<string, CallOnDisk> {
  const found = new Map<string, CallOnDisk>();
  for (const call of calls) {
    if (call.session === null) continue;
    if (found.has(call.session)) throw new Error(`${call.session} has two records: ${JSON.stringify(call.id)}`);
    found.set(call.session, call);
  }
  return found;
}
