import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Charge } from '../../src/domain/limits/charges.ts';
import type { Limit } from '../../src/domain/limits/limit.ts';
import { seededRandom } from '../domain/aws/seeded-random.ts';
import { needs } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Instance, openInstance } from './fleet.ts';
import { chargeOf, DAY, FOREVER, limitOf } from './limits.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

const HOUR_MS = 3_600_000;
/** So small that the callers together always want more than there is. */
const BUDGET = 20_000;
const WORKERS_EACH = 5;
const ACTUAL_MAX = 100;
const LEDGER_LAG_MS = 20;
const FAULTS_EACH = 5;
const HISTORIES = Number(process.env['OUTCROP_COUNTERS_HISTORIES'] ?? 4);
const SEED = Number(process.env['OUTCROP_COUNTERS_SEED'] ?? 1);

/** What really happened to one budget, as only the test knows it. */
class Truth {
  readonly limit: Limit;
  held = 0;
  settled = 0;
  /** What has reached the ledger. */
  recorded = 0;

  constructor(limit: Limit) {
    this.limit = limit;
  }
}

/**
 * A fleet of four under load while Redis is frozen, killed and flushed and clocks jump. A record of each call gets to the
 * ledger a little after its end. Each seed is another history, and takes a second or two of real time: four in the suite,
 * `OUTCROP_COUNTERS_HISTORIES=200` for all, from `OUTCROP_COUNTERS_SEED` on.
 */
describe('the history of hard budgets', needs('redis-server'), () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(async () => redis.stop());

  for (let seed = SEED; seed < SEED + HISTORIES; seed += 1) {
    test(`seed ${seed}: what is settled and held never passes a limit, and nothing settled is lost`, async (context) => {
      const random = seededRandom(seed);
      const truths = [new Truth(limitOf('spend', BUDGET, DAY)), new Truth(limitOf('spend', BUDGET, FOREVER))];
      const prefix = randomUUID();
      const fleet = await Promise.all([0, 1, 2, 3].map(() => openJumping(prefix, truths, random)));
      let isOver = false;
      let admitted = 0;
      const onAdmitted = (): void => void (admitted += 1);
      context.after(async () => {
        isOver = true;
        await Promise.all(fleet.map(({ instance }) => instance.counters.close()));
      });
      const workers = fleet.flatMap(({ instance }) =>
        Array.from({ length: WORKERS_EACH }, () =>
          work(instance, truths, random, { onAdmitted, isOver: () => isOver }),
        ),
      );
      for (let fault = 0; fault < FAULTS_EACH; fault += 1) {
        await pause(150 + random(150));
        await FAULTS[random(FAULTS.length)]?.(redis, random, fleet);
      }
      await Promise.race([until(() => admitted > 100), Promise.all(workers)]);
      isOver = true;
      await Promise.all(workers);

      // In the end the counters have all that was settled, and more only by what ended around a fault.
      const [first] = fleet;
      await until(() => fleet.every(({ instance }) => isBack(instance)));
      await pause(250);
      // On a busy machine Redis may take longer to answer than it has: then nothing is said.
      const uses = await useOnceTold(first?.instance, truths);
      for (const [index, { settled, held }] of truths.entries()) {
        assert.equal(held, 0);
        const use = uses[index] ?? null;
        const most = settled + FAULTS_EACH * fleet.length * WORKERS_EACH * ACTUAL_MAX;
        assert.ok(use !== null && use.used >= settled && use.used <= most, `${use?.used} of ${settled} are counted`);
        assert.equal(use.reserved, 0);
      }
    });
  }

  async function openJumping(prefix: string, truths: readonly Truth[], random: (below: number) => number) {
    const clock = { jumpMs: 0, nowMs: () => Date.now() + clock.jumpMs, elapsedMs: () => performance.now() };
    const instance = await openInstance({
      url: redis.url,
      prefix,
      clock,
      load: async (needs) => {
        await pause(random(10));
        return needs.map(({ limit }) => truths.find((truth) => truth.limit.id === limit.id)?.recorded ?? 0);
      },
      timing: { beatMs: 20, ledgerLagMs: 60 },
    });
    return { instance, clock };
  }
});

type Fleet = readonly { readonly clock: { jumpMs: number } }[];
type Fault = (redis: TestRedis, random: (below: number) => number, fleet: Fleet) => Promise<void>;

const FAULTS: readonly Fault[] = [
  async (redis) => void (await redis.client.flushall()),
  async (redis) => {
    await redis.kill();
    await redis.restart();
  },
  async (redis, random) => {
    redis.freeze();
    await pause(random(150));
    redis.thaw();
  },
  async (_, random, fleet) => {
    for (const { clock } of fleet) clock.jumpMs = (random(3) - 1) * HOUR_MS;
  },
];

/** One call after the other. */
async function work(
  { counters }: Instance,
  truths: readonly Truth[],
  random: (below: number) => number,
  { onAdmitted, isOver }: { readonly onAdmitted: () => void; readonly isOver: () => boolean },
): Promise<void> {
  while (!isOver()) {
    const id = randomUUID();
    const amount = 1 + random(3000);
    const charges: Charge[] = truths.map(({ limit }) => chargeOf(limit, amount));
    const { kind } = await counters.reserve(id, charges);
    if (kind !== 'admitted') {
      await pause(1 + random(10));
      continue;
    }
    onAdmitted();
    for (const truth of truths) {
      truth.held += amount;
      const sum = truth.held + truth.settled;
      assert.ok(sum <= truth.limit.max, `${sum} are held and settled of ${truth.limit.max}`);
    }
    // Some outlive the time for which budgets are closed after a loss.
    await pause(random(4) === 0 ? 400 : random(100));
    // Little, so that the budget lasts for many calls.
    const actual = Math.min(amount, random(20) === 0 ? ACTUAL_MAX : random(3));
    for (const truth of truths) {
      truth.held -= amount;
      truth.settled += actual;
    }
    setTimeout(() => {
      for (const truth of truths) truth.recorded += actual;
    }, random(LEDGER_LAG_MS));
    counters.settle(
      id,
      charges.map(() => actual),
    );
  }
}

async function useOnceTold(instance: Instance | undefined, truths: readonly Truth[]) {
  for (let tries = 0; tries < 50; tries += 1) {
    const uses = (await instance?.counters.used(truths.map(({ limit }) => limit))) ?? [];
    if (uses.length > 0 && !uses.includes(null)) return uses;
    await pause(20);
  }
  return [];
}

function isBack({ lines }: Instance): boolean {
  return (
    lines.lastIndexOf('the counters in Redis are back') >= lines.lastIndexOf('the counters in Redis are out of reach')
  );
}
