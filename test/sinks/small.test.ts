import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { createAwsCredentials } from '../../src/sinks/aws/credentials.ts';
import { retryAfterMs } from '../../src/sinks/delivery-fault.ts';
import { backoffMs } from '../../src/sinks/delivery/backoff.ts';
import { BoundedQueue } from '../../src/sinks/delivery/bounded-queue.ts';
import { DeliveryFault } from '../../src/sinks/delivery-fault.ts';
import { deliverInParts, partsOf } from '../../src/sinks/in-parts.ts';
import type { SinkHttpRequest } from '../../src/sinks/http.ts';
import { inParallel } from '../../src/sinks/in-parallel.ts';
import { partsWithin } from '../../src/sinks/parts-within.ts';
import { prepareSinks } from '../../src/sinks/prepare-sinks.ts';
import { objectKey, partitionPath, placesByPartition } from '../../src/sinks/s3-key.ts';
import { ALL_TAKEN } from '../../src/sinks/sink.ts';
import { NOON_MS, sampleRecord } from '../ledger/sample-calls.ts';
import { AWS_KEYS, sampleEvent, settingsOf } from './test-sinks.ts';

describe('waiting', () => {
  test('grows from try to try up to a bound, and is spread', () => {
    const bounds = { firstMs: 100, mostMs: 1000 };
    const waits = [1, 2, 3, 4, 5, 500].map((failures) => backoffMs(failures, bounds, () => 1));
    assert.deepEqual(waits, [100, 200, 400, 800, 1000, 1000]);
    assert.equal(
      backoffMs(3, bounds, () => 0),
      200,
    );
  });

  test('retry-after is seconds or a date, never more than five minutes, never in the past', () => {
    assert.equal(retryAfterMs('7', NOON_MS), 7000);
    assert.equal(retryAfterMs('99999', NOON_MS), 300_000);
    assert.equal(retryAfterMs('Sun, 22 Nov 2026 12:00:30 GMT', NOON_MS), 30_000);
    assert.equal(retryAfterMs('Sun, 22 Nov 2020 12:00:30 GMT', NOON_MS), 0);
    for (const nothing of [null, 'soon', '-5x', '']) assert.equal(retryAfterMs(nothing, NOON_MS), null);
  });
});

describe('queues and parts', () => {
  test('a bounded queue gives back in order what it took, and never holds more than it may', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 1, max: 50 })),
      fc.integer({ min: 1, max: 9 }),
      (sizes, size) => {
        const queue = new BoundedQueue<number>({ itemsMax: 10, bytesMax: 100, sizeOf: (item) => item });
        const [taken, given]: [number[], number[]] = [[], []];
        for (const item of sizes) {
          if (queue.push(item)) taken.push(item);
          assert.ok(queue.length <= 10 && queue.bytes <= 100 && queue.share <= 1);
          if (item % 7 === 0) given.push(...queue.take(size, 60));
        }
        while (queue.length > 0) given.push(...queue.take(size, 60));
        assert.deepEqual(given, taken);
        assert.equal(queue.bytes, 0);
      },
    );
    fc.assert(property);
  });

  test('parts within bounds hold every line once, in order', () => {
    const property = fc.property(fc.array(fc.string({ maxLength: 30 })), (lines) => {
      const parts = partsWithin(lines, { itemsMax: 4, bytesMax: 60, bytesEach: 2 });
      assert.deepEqual(parts.flat(), [...lines.keys()]);
      for (const part of parts) {
        const bytes = part.reduce((sum, place) => sum + Buffer.byteLength(lines[place] ?? '') + 2, 0);
        assert.ok(part.length === 1 || (part.length <= 4 && bytes <= 60));
      }
    });
    fc.assert(property);
  });

  test('work is done so many at a time', async () => {
    let [running, most] = [0, 0];
    const results = await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => setImmediate(resolve));
      running -= 1;
      return item * 2;
    });
    assert.deepEqual([results, most], [[2, 4, 6, 8, 10, 12, 14], 3]);
  });

  test('in parts: what was taken stays taken, what is refused is found, the rest goes again', async () => {
    const lines = ['a', 'bad', 'c', 'd', 'later', 'f'];
    const sent: string[][] = [];
    const result = await deliverInParts(lines, partsOf(lines.length, 4), 2, async (part) => {
      sent.push([...part]);
      if (part.includes('bad')) throw new DeliveryFault('refused', 'it answered 400');
      if (part.includes('later')) throw new DeliveryFault('again', 'it answered 503');
      return ALL_TAKEN;
    });
    assert.deepEqual([result.again, result.refused], [[4, 5], [1]]);
    assert.ok(sent.some((part) => part.join() === 'c,d') && sent.some((part) => part.join() === 'a'));
    const nothing = deliverInParts(['x', 'y'], partsOf(2, 1), 2, async () => {
      throw new DeliveryFault('again', 'it answered 503', 2000);
    });
    await assert.rejects(nothing, { verdict: 'again', retryAfterMs: 2000 });
  });
});

describe('objects in S3', () => {
  const none = { s3_use_team_prefix: false, s3_use_key_prefix: false };

  test('are in folders by day and team, or as LiteLLM lays them out', () => {
    const record = sampleRecord(61_000);
    const folder = (prefixes: object) => partitionPath(record, { ...none, ...prefixes }).split(' ')[0];
    assert.equal(folder({}), '2026-11-22/team_a');
    assert.equal(folder({ s3_use_team_prefix: true }), 'team_a/2026-11-22');
    assert.equal(folder({ s3_use_key_prefix: true }), 'alias/2026-11-22');
    assert.equal(folder({ s3_use_team_prefix: true, s3_use_key_prefix: true }), 'team_a/alias/2026-11-22');
    const line = `${partitionPath(record, none)}\n{}`;
    assert.equal(
      objectKey(line, { path: '/logs/', suffix: '.jsonl' }),
      `logs/2026-11-22/team_a/12-01-01_${record.id}.jsonl`,
    );
  });

  test('no team gets into the folder of another, whatever its name', () => {
    const piece = fc.constantFrom('a', '_', '-', '/', '..', '~', '~2f', '2f', '%', ' ', '\n', '=', 'ü', '🦙', '\0');
    const text = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => pieces.join(''));
    const property = fc.property(text, text, (one, other) => {
      const attribution = sampleRecord(1).attribution;
      const paths = [one, other].map((teamId) =>
        partitionPath(sampleRecord(1, { attribution: { ...attribution, teamId } }), none),
      );
      assert.equal(paths[0] === paths[1], one === other);
      for (const path of paths) assert.match(path, /^[0-9-]{10}\/[A-Za-z0-9_~-]+ [0-9-]{8} [0-9a-f-]{36}$/);
    });
    fc.assert(property);
  });

  test('hold calls of one partition each', () => {
    assert.deepEqual(placesByPartition(['a/b 1 x\n{}', 'c/d 1 y\n{}', 'a/b 2 z\n{}']), [[0, 2], [1]]);
  });

  test('are addressed by the bucket’s own host at AWS, by path where a name has dots or the store wants it', async () => {
    const sentTo = async (options: Readonly<Record<string, unknown>>): Promise<string> => {
      const sent: SinkHttpRequest[] = [];
      const [entry] = await prepareSinks([settingsOf('s3_v2', { s3_region_name: 'eu-central-1', ...options })], {});
      const sink = await entry?.prepared.open({
        name: 's3_v2',
        clock: { nowMs: () => NOON_MS, elapsedMs: () => 0 },
        random: () => 0,
        dataDir: '.',
        requestTimeoutMs: 5000,
        awsCredentials: async () => AWS_KEYS,
        stdout: async () => undefined,
        http: {
          reach: async () => undefined,
          send: async (request) => {
            sent.push(request);
            return { status: 200, retryAfter: null, errorType: null, text: '' };
          },
        },
      });
      assert.ok(sink?.kind === 'lines');
      await sink.deliver([sink.encode(sampleEvent(0)) ?? ''], new AbortController().signal);
      const [request] = sent;
      return `${request?.headers['host']} ${request?.url.origin}${request?.rawPath?.replace(/_.*/, '')}`;
    };
    const bucket = 'logs.s3.eu-central-1.amazonaws.com';
    const key = '2026-11-22/team';
    assert.equal(await sentTo({ s3_bucket_name: 'logs' }), `${bucket} https://${bucket}/${key}`);
    assert.equal(
      await sentTo({ s3_bucket_name: 'my.logs' }),
      `s3.eu-central-1.amazonaws.com https://s3.eu-central-1.amazonaws.com/my.logs/${key}`,
    );
    const store = { s3_bucket_name: 'logs', s3_endpoint_url: 'http://minio:9000/below/' };
    assert.equal(await sentTo(store), `minio:9000 http://minio:9000/below/logs/${key}`);
    assert.equal(
      await sentTo({ ...store, s3_use_virtual_hosted_style: 'true' }),
      `logs.minio:9000 http://logs.minio:9000/below/${key}`,
    );
  });
});

describe('AWS credentials of sinks', () => {
  test('are asked for once by all, again before they expire, and again after a failure', async () => {
    let [nowMs, asked] = [0, 0];
    let fails = true;
    const credentials = createAwsCredentials(
      async () => {
        asked += 1;
        if (fails) throw new Error('none');
        return { ...AWS_KEYS, expiration: new Date(nowMs + 3_600_000) };
      },
      { nowMs: () => nowMs, elapsedMs: () => nowMs },
    );
    await assert.rejects(credentials());
    fails = false;
    await Promise.all([credentials(), credentials()]);
    assert.equal(asked, 2);
    nowMs = 54 * 60_000;
    await credentials();
    assert.equal(asked, 2);
    nowMs = 56 * 60_000;
    await credentials();
    assert.equal(asked, 3);
  });
});
