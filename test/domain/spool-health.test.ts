import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SpoolHealth } from '../../src/domain/spool-health.ts';

/** What is told of looks: percents of the bound, `F` after one where nothing begins any more, `D` where the store is down. */
function toldOf(looks: string, everyMs: number): string {
  const health = new SpoolHealth();
  return looks
    .split(' ')
    .flatMap((look, index) =>
      health.look(
        {
          spoolBytes: Number.parseInt(look, 10),
          spoolBytesMax: 100,
          isFull: look.includes('F'),
          isStoreDown: look.includes('D'),
        },
        index * everyMs,
      ),
    )
    .map((news) => (news.kind === 'spoolFilling' ? `filling ${news.bytes}` : news.kind))
    .join(', ');
}

describe('the health of the spool', () => {
  const cases: readonly [about: string, looks: string, told: string][] = [
    ['nothing below half of its bound', '0 10 49 0 49', ''],
    ['half, four fifths and the bound, once each', '10 50 60 80 90 100 100 99', 'filling 50, filling 80, filling 100'],
    ['the highest alone of what is jumped over', '0 85', 'filling 85'],
    ['nothing anew while it swings around a level', '50 49 51 45 55 41', 'filling 50'],
    ['that it is calm, and then each level again', '80 39 80', 'filling 80, spoolCalm, filling 80'],
    ['a disk that takes no more, however little there is', '1F 1F 1', 'filling 1, spoolCalm'],
    ['nothing of a store that is down for a moment', '1D 1D 1D 1 1D 1D 1D', ''],
    ['a store that is down for half a minute, once', '1D 1D 1D 1D 1D 1D', 'storeDown'],
    ['that it is back, where it was told to be down', '1D 1D 1D 1D 1 1', 'storeDown, storeWorking'],
    ['both at once', '50 50D 60D 70D 90D', 'filling 50, filling 90, storeDown'],
  ];
  for (const [about, looks, told] of cases) test(`tells ${about}`, () => assert.equal(toldOf(looks, 10_000), told));
});
