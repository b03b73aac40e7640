import type { UsageQuery, UsageRow } from '../domain/ledger.ts';
import type { AdminLedger } from './ledger-ports.ts';
import { Problem } from './problem.ts';

const PAGE_SIZE = 1000;
const ROWS_MAX = 20_000;

/**
 * Every row of a report, for answers that LiteLLM gives whole.
 * @param param the field that would make the report shorter. @throws Problem 422 for more than 20,000 rows
 */
export async function allUsage(query: UsageQuery, param: string, ledger: AdminLedger): Promise<readonly UsageRow[]> {
  const rows: UsageRow[] = [];
  for (let page = 1; ; page += 1) {
    const found = await ledger.usage(query, { page, size: PAGE_SIZE });
    if (found.total > ROWS_MAX) {
      throw new Problem(
        422,
        `${param}: this would be ${found.total} rows, more than ${ROWS_MAX}: ask for less, or GET /usage.`,
        {
          param,
        },
      );
    }
    rows.push(...found.rows);
    if (found.rows.length < PAGE_SIZE) return rows;
  }
}
