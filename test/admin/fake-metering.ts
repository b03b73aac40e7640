import type { CountedUse, Metering } from '../../src/admin/ports.ts';
import type { SpenderKind } from '../../src/domain/lists.ts';

/** Counters and a ledger that know what a test has told them. */
export class FakeMetering implements Metering {
  /** By the id of the limit. */
  readonly counted = new Map<string, CountedUse>();
  isDown = false;
  readonly #spends: { readonly by: SpenderKind; readonly id: string; readonly atMs: number; readonly nanos: bigint }[] =
    [];

  spend(by: SpenderKind, id: string, atMs: number, nanos: bigint): void {
    this.#spends.push({ by, id, atMs, nanos });
  }

  used(limits: Parameters<Metering['used']>[0]): ReturnType<Metering['used']> {
    return Promise.resolve(limits.map(({ id }) => (this.isDown ? null : (this.counted.get(id) ?? null))));
  }

  reset(limit: Parameters<Metering['reset']>[0], used: number): Promise<void> {
    if (this.isDown) return Promise.reject(new Error('The counters are down.'));
    this.counted.set(limit.id, { used, reserved: 0 });
    return Promise.resolve();
  }

  spent(by: SpenderKind, ids: readonly string[] | null, sinceMs: number): ReturnType<Metering['spent']> {
    if (this.isDown) return Promise.reject(new Error('The ledger is down.'));
    const sums = new Map<string, bigint>();
    for (const spend of this.#spends) {
      const isAsked = spend.by === by && (ids === null || ids.includes(spend.id)) && spend.atMs >= sinceMs;
      if (isAsked) sums.set(spend.id, (sums.get(spend.id) ?? 0n) + spend.nanos);
    }
    return Promise.resolve(sums);
  }
}
