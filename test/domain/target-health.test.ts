import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TargetHealth, type TargetNews } from '../../src/domain/target-health.ts';

const US = { service: 'bedrock-runtime', region: 'us-east-1' } as const;

/** What is told of calls: `x` for one that failed, `.` for one that did not, a number for seconds that pass. */
function toldOf(calls: string): string {
  const health = new TargetHealth();
  let nowMs = 0;
  const told: string[] = [];
  for (const [call] of calls.matchAll(/[x.]|\d+/g)) {
    if (call === 'x' || call === '.') {
      const news = health.note({ ...US, fault: call === 'x' ? 'it answered 500' : null }, nowMs);
      if (news !== null) told.push(news.kind === 'targetFailing' ? `fails: ${news.reason}` : 'works');
    } else nowMs += Number(call) * 1000;
  }
  return told.join('; ');
}

const IN_ROW = 'fails: 5 calls in a row failed, the last: it answered 500';

describe('the health of a target', () => {
  const cases: readonly [about: string, calls: string, told: string][] = [
    ['nothing of calls that succeed', '....................', ''],
    ['nothing of four faults in a row', 'xxxx.xxxx.xxxx.', ''],
    ['five faults in a row, once', 'xxxxxxxxxxxxxxxxxxxxxxxx', IN_ROW],
    ['five faults in a row, however long they took', 'x3600x3600x3600x3600x', IN_ROW],
    [
      'half of the calls of a minute, from twenty on',
      'x.x.x.x.x.x.x.x.x.x..x',
      'fails: 11 of 22 calls in a minute failed, the last: it answered 500',
    ],
    ['nothing of the same spread over two minutes', 'x.x.x.x.x.60x.x.x.x.x.', ''],
    ['nothing of recovery before a window is over', 'xxxxx....................59.', IN_ROW],
    ['recovery after a window that worked', 'xxxxx60....60.', `${IN_ROW}; works`],
    ['recovery of a target that is seldom called', 'xxxxx3600.3600.', `${IN_ROW}; works`],
    ['no recovery where one of five still fails', 'xxxxx60x....x....60.', IN_ROW],
    ['no recovery where nobody called', 'xxxxx60x3600x', IN_ROW],
    ['each change again', 'xxxxx60.60.xxxxx60.60.', `${IN_ROW}; works; ${IN_ROW}; works`],
  ];
  for (const [about, calls, told] of cases) test(`tells ${about}`, () => assert.equal(toldOf(calls), told));

  test('is that of a service in a region, each by itself', () => {
    const health = new TargetHealth();
    const news: (TargetNews | null)[] = [];
    const targets = [US, { ...US, region: 'eu-west-1' }, { ...US, service: 'bedrock-agent' }] as const;
    for (let call = 0; call < 4; call += 1) {
      for (const target of targets) news.push(health.note({ ...target, fault: 'it answered 500' }, 0));
    }
    assert.ok(news.every((each) => each === null));
    assert.equal(health.note({ ...US, fault: 'it answered 500' }, 0)?.kind, 'targetFailing');
  });

  test('is watched of a bounded number of them', () => {
    const health = new TargetHealth();
    for (let index = 0; index < 500; index += 1) health.note({ ...US, region: `r${index}`, fault: null }, 0);
    for (let call = 0; call < 9; call += 1) assert.equal(health.note({ ...US, fault: 'x' }, 0), null);
  });
});
