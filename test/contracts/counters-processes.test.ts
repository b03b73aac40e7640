import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startRedis, type TestRedis } from '../counters/redis-server.ts';
import { needs } from '../support/needs.ts';

const WORKER = fileURLToPath(new URL('counters-worker.ts', import.meta.url));

describe('counters of four processes', needs('redis-server'), () => {
  let redis: TestRedis;
  before(async () => {
    redis = await startRedis();
  });
  after(async () => redis.stop());

  async function admittedBy(args: readonly string[]): Promise<number> {
    const prefix = randomUUID();
    const runs = [1, 2, 3, 4].map(async () => {
      const { stdout } = await promisify(execFile)(process.execPath, [WORKER, redis.url, prefix, ...args]);
      return Number(stdout);
    });
    return (await Promise.all(runs)).reduce((sum, count) => sum + count, 0);
  }

  test('$1.00 left and 1,000 calls of $0.10 at once: 10 are admitted', async () => {
    assert.equal(await admittedBy(['budget', '250', '250']), 10);
  });

  test('100 requests a minute, 10,000 calls: 100 are admitted', async () => {
    assert.equal(await admittedBy(['rate', '2500', '50']), 100);
  });
});
