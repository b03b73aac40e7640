import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { after, afterEach, before, describe, it } from 'node:test';
import { startSimulator } from '../../simulator/index.ts';
import type { Simulator } from '../../simulator/index.ts';
import { Ticker } from '../../simulator/ticker.ts';
import { call, question, sendToHeaders, sign } from './support.ts';

const PATH = '/model/simulator.stream/converse-stream';

describe('streams', () => {
  let simulator: Simulator;
  const agent = new Agent({ keepAlive: false });
  before(async () => {
    simulator = await startSimulator();
  });
  afterEach(() => simulator.clearRequests());
  after(() => simulator.close());

  const stream = (directives: Record<string, unknown>) =>
    call(
      {
        origin: simulator.origins['bedrock-runtime'],
        path: PATH,
        body: question('Hello', { additionalModelRequestFields: { simulator: directives } }),
      },
      agent,
    );

  it('come at the pace asked for, each with the hash of its bytes in the ledger', async () => {
    const startedAtMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => stream({ chunks: 10, intervalMs: 20, textBytes: 50 + index })),
    );
    // 10 texts and 4 other frames, one every 20 ms.
    assert.ok(performance.now() - startedAtMs >= 13 * 20);
    await simulator.until(() => simulator.requests().every(({ ended }) => ended === 'completed'));
    const records = new Map(simulator.requests().map((record) => [record.requestId, record]));
    assert.equal(records.size, 50);
    for (const { headers, body } of answers) {
      const record = records.get(String(headers['x-amzn-requestid']));
      assert.equal(record?.responseSha256, createHash('sha256').update(body).digest('hex'));
      assert.equal(record?.responseBytes, body.length);
    }
  });

  it('show their headers before their first frame', async () => {
    const origin = simulator.origins['bedrock-runtime'];
    const signed = await sign({
      origin,
      path: PATH,
      body: question('Hello', { additionalModelRequestFields: { simulator: { intervalMs: 600_000 } } }),
    });
    const { incoming, leave } = await sendToHeaders(origin, signed);
    assert.equal(incoming.statusCode, 200);
    leave();
    await simulator.until(() => simulator.requests()[0]?.ended === 'client-gone');
    await simulator.until(() => simulator.openSockets() === 0);
  });

  it('wait for a client that does not read, and go on when it does', async () => {
    const origin = simulator.origins['bedrock-runtime'];
    const chunks = 4000;
    const textBytes = 10_000;
    const signed = await sign({
      origin,
      path: PATH,
      body: question('Hello', { additionalModelRequestFields: { simulator: { chunks, textBytes } } }),
    });
    const { incoming } = await sendToHeaders(origin, signed);
    const [record] = simulator.requests();
    assert.ok((record?.responseBytes ?? 0) < (chunks * textBytes) / 2, 'The simulator buffered what nobody read.');
    let received = 0;
    for await (const piece of incoming) if (Buffer.isBuffer(piece)) received += piece.length;
    assert.ok(received > chunks * textBytes);
    assert.equal(received, record?.responseBytes);
  });

  it('at a pace wait for a client that does not read, without holding up the others', async () => {
    const origin = simulator.origins['bedrock-runtime'];
    const chunks = 60;
    const body = question('Hello', {
      additionalModelRequestFields: { simulator: { chunks, intervalMs: 5, textBytes: 1_000_000 } },
    });
    const { leave } = await sendToHeaders(origin, await sign({ origin, path: PATH, body }));
    const [unread] = simulator.requests();
    assert.equal((await stream({ chunks, intervalMs: 5 })).isComplete, true);
    assert.ok((unread?.responseBytes ?? Infinity) < 30_000_000, 'The simulator buffered what nobody read.');
    leave();
    await simulator.until(() => unread?.ended === 'client-gone');
  });

  it('carry the time each piece was made when asked to', async () => {
    const { body } = await stream({ chunks: 3, textBytes: 40, stamped: true });
    const stamps = [...body.toString('latin1').matchAll(/"text":"(\d+\.\d{3}) /g)].map(([, stamp]) => Number(stamp));
    assert.equal(stamps.length, 3);
    assert.ok(stamps.every((stamp) => Math.abs(stamp - Date.now()) < 60_000));
    assert.deepEqual(
      stamps,
      stamps.toSorted((one, other) => one - other),
    );
  });
});

describe('the ticker', () => {
  it('serves each step once per interval and forgets it when it is done', async () => {
    const ticker = new Ticker();
    const counts = await Promise.all(
      Array.from({ length: 25 }, (_, index) => {
        let count = 0;
        return new Promise<number>((resolve) => {
          ticker.every(20, () => {
            count += 1;
            if (count > index % 5) resolve(count);
            return count <= index % 5;
          });
        });
      }),
    );
    assert.deepEqual(
      counts,
      Array.from({ length: 25 }, (_, index) => (index % 5) + 1),
    );
  });
});
