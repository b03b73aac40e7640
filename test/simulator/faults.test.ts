import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { after, afterEach, before, describe, it } from 'node:test';
import { startSimulator } from '../../simulator/index.ts';
import type { Fault, Simulator } from '../../simulator/index.ts';
import { call, question, sendToHeaders, sign } from './support.ts';
import type { Answered } from './support.ts';

const MODEL = 'amazon.nova-lite-v1%3A0';

describe('faults', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  afterEach(() => {
    simulator.clearFaults();
    simulator.clearRequests();
  });
  after(() => simulator.close());

  const ask = (operation: 'converse' | 'converse-stream', agent?: Agent): Promise<Answered> =>
    call(
      { origin: simulator.origins['bedrock-runtime'], path: `/model/${MODEL}/${operation}`, body: question('Hello') },
      agent,
    );
  const lastEnding = () => simulator.requests().at(-1)?.ended;

  it('give a modelled exception with its status and headers', async () => {
    const headers = { 'retry-after': '1' };
    simulator.inject({ kind: 'error', status: 429, exception: 'ThrottlingException', message: 'Slow down.', headers });
    const answer = await ask('converse');
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['x-amzn-errortype'], 'ThrottlingException');
    assert.equal(answer.headers['retry-after'], '1');
    assert.equal(answer.body.toString(), '{"message":"Slow down."}');
  });

  it('hit only the requests they are meant for', async () => {
    const error = { kind: 'error', status: 500, exception: 'InternalServerException' } as const;
    const second = simulator.inject({ ...error, operation: 'Converse', nth: 2 });
    assert.deepEqual(await statuses(3), [200, 500, 200]);
    assert.equal(second.hits(), 1);

    simulator.inject({ ...error, service: 'bedrock-runtime', nth: 2, count: 2 });
    assert.deepEqual(await statuses(4), [200, 500, 500, 200]);

    simulator.inject({ ...error, service: 'bedrock-agent' });
    assert.deepEqual(await statuses(1), [200]);

    const every = simulator.inject(error);
    assert.deepEqual(await statuses(2), [500, 500]);
    every.clear();
    assert.deepEqual(await statuses(1), [200]);
  });

  async function statuses(count: number): Promise<number[]> {
    const seen: number[] = [];
    while (seen.length < count) seen.push((await ask('converse')).status);
    return seen;
  }

  for (const ending of ['reset', 'fin'] as const) {
    it(`break the connection before any answer: ${ending}`, async () => {
      simulator.inject({ kind: 'no-answer', ending });
      await assert.rejects(ask('converse'), { code: 'ECONNRESET' });
      assert.equal(lastEnding(), 'fault');
    });
  }

  const CUT: readonly (readonly [operation: 'converse' | 'converse-stream', afterBytes: number])[] = [
    ['converse', 0],
    ['converse', 100],
    ['converse-stream', 0],
    ['converse-stream', 1],
    ['converse-stream', 150],
    ['converse-stream', 3000],
  ];
  for (const [operation, afterBytes] of CUT) {
    for (const ending of ['reset', 'fin'] as const) {
      it(`cut ${operation} after exactly ${afterBytes} bytes by ${ending}, which does not look complete`, async () => {
        const whole = await ask(operation);
        simulator.inject({ kind: 'cut', afterBytes, ending });
        const answer = await ask(operation);
        assert.equal(answer.status, 200);
        assert.equal(answer.isComplete, false);
        assert.deepEqual(answer.body, whole.body.subarray(0, afterBytes));
        assert.equal(lastEnding(), 'fault');
      });
    }

    it(`cut ${operation} after exactly ${afterBytes} bytes in a way that looks complete`, async () => {
      const whole = await ask(operation);
      simulator.inject({ kind: 'cut', afterBytes, ending: 'clean' });
      const answer = await ask(operation);
      assert.equal(answer.isComplete, true);
      assert.deepEqual(answer.body, whole.body.subarray(0, afterBytes));
      assert.equal(lastEnding(), 'fault');
    });
  }

  it('cut a stream after whole frames', async () => {
    const whole = await ask('converse-stream');
    simulator.inject({ kind: 'cut', afterFrames: 3, ending: 'clean' });
    const answer = await ask('converse-stream');
    assert.equal(frameCount(answer.body), 3);
    assert.deepEqual(answer.body, whole.body.subarray(0, answer.body.length));
  });

  it('leave half a frame at an end that looks complete', async () => {
    simulator.inject({ kind: 'truncated-frame', afterFrames: 2 });
    const answer = await ask('converse-stream');
    assert.equal(answer.isComplete, true);
    assert.throws(() => frameCount(answer.body), /half a frame/);
  });

  it('put an exception frame into a stream and end it', async () => {
    simulator.inject({ kind: 'exception-frame', afterFrames: 2, exception: 'throttlingException', message: 'Enough.' });
    const answer = await ask('converse-stream');
    assert.equal(frameCount(answer.body), 3);
    assert.match(answer.body.toString('latin1'), /:exception-type.*throttlingException.*\{"message":"Enough\."\}/s);
    assert.equal(answer.isComplete, true);
  });

  it('stall a stream until the client leaves', async () => {
    simulator.inject({ kind: 'cut', afterBytes: 400, ending: 'stall' });
    const origin = simulator.origins['bedrock-runtime'];
    const path = `/model/${MODEL}/converse-stream`;
    const { leave } = await sendToHeaders(origin, await sign({ origin, path, body: question('Hello') }));
    await simulator.until(() => simulator.requests().at(-1)?.responseBytes === 400);
    assert.equal(lastEnding(), 'running');
    leave();
    await simulator.until(() => lastEnding() === 'client-gone');
  });

  it('announce the length of a stream instead of chunking it', async () => {
    const whole = await ask('converse-stream');
    simulator.inject({ kind: 'content-length' });
    const answer = await ask('converse-stream');
    assert.equal(answer.headers['content-length'], String(whole.body.length));
    assert.equal(answer.headers['transfer-encoding'], undefined);
    assert.deepEqual(answer.body, whole.body);
  });

  it('write bytes nobody asked for on the idle connection', async () => {
    simulator.inject({ kind: 'unsolicited', bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n' });
    const agent = new Agent({ keepAlive: true });
    const closed = new Promise((resolve) => {
      agent.on('free', (socket) => socket.once('close', resolve));
    });
    assert.equal((await ask('converse', agent)).status, 200);
    // Node's own client drops a connection on which something comes that it did not ask for.
    await closed;
    agent.destroy();
  });

  it('delay an answer, and may be combined with another fault', async () => {
    simulator.inject({ kind: 'delay', delayMs: 30 });
    simulator.inject({ kind: 'error', status: 503, exception: 'ServiceUnavailableException' });
    const startedAtMs = performance.now();
    assert.equal((await ask('converse')).status, 503);
    assert.ok(performance.now() - startedAtMs >= 29);
  });
});

describe('control routes', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  const control = async (method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> => {
    const response = await fetch(`${simulator.controlOrigin}${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    return { status: response.status, json };
  };
  const converse = () =>
    call({ origin: simulator.origins['bedrock-runtime'], path: `/model/${MODEL}/converse`, body: question('Hello') });

  it('inject, list and clear faults', async () => {
    const fault: Fault = { kind: 'error', status: 424, exception: 'ModelErrorException', operation: 'Converse' };
    assert.deepEqual(await control('POST', '/faults', fault), { status: 201, json: { id: 1 } });
    assert.equal((await converse()).status, 424);
    assert.deepEqual(await control('GET', '/faults'), {
      status: 200,
      json: [{ id: 1, seen: 1, hits: 1, headers: {}, ...fault }],
    });
    await control('DELETE', '/faults/1');
    assert.equal((await converse()).status, 200);
    await control('POST', '/faults', fault);
    await control('DELETE', '/faults');
    assert.equal((await converse()).status, 200);
  });

  const WRONG: readonly unknown[] = [
    'no JSON',
    [],
    {},
    { kind: 'unknown' },
    { kind: 'error' },
    { kind: 'error', status: 500 },
    { kind: 'cut', ending: 'reset' },
    { kind: 'cut', ending: 'never', afterBytes: 1 },
    { kind: 'cut', ending: 'fin', afterBytes: 1, afterFrames: 1 },
    { kind: 'no-answer', ending: 'clean' },
    { kind: 'truncated-frame' },
    { kind: 'exception-frame', afterFrames: 1 },
  ];
  for (const fault of WRONG) {
    it(`refuse what is no fault: ${JSON.stringify(fault)}`, async () => {
      const { status, json } = await control('POST', '/faults', fault);
      assert.equal(status, 400);
      assert.deepEqual(Object.keys(Object(json)), ['message']);
    });
  }

  it('tell what arrived without what could be used elsewhere, and forget it', async () => {
    await control('DELETE', '/requests');
    await converse();
    const { json } = await control('GET', '/requests');
    assert.ok(Array.isArray(json));
    const [request]: unknown[] = json;
    const text = JSON.stringify(request);
    assert.match(text, /"operation":"Converse"/);
    assert.match(text, /"signature":"valid"/);
    assert.match(text, /"authorization","…"/);
    assert.doesNotMatch(text, /Signature=/);
    await control('DELETE', '/requests');
    assert.deepEqual((await control('GET', '/requests')).json, []);
  });

  it('change the pace', async () => {
    assert.deepEqual(await control('PUT', '/pace', { intervalMs: 5, chunks: 2 }), {
      status: 200,
      json: { delayMs: 0, intervalMs: 5, chunks: 2 },
    });
  });

  it('explain themselves', async () => {
    const response = await fetch(simulator.controlOrigin);
    assert.match(await response.text(), /POST {3}\/faults/);
    assert.equal((await control('GET', '/nowhere')).status, 404);
  });
});

/** Counts frames by their length words; throws on half a frame. */
function frameCount(body: Buffer): number {
  let count = 0;
  let offset = 0;
  while (offset < body.length) {
    const isWhole = offset + 4 <= body.length && offset + body.readUInt32BE(offset) <= body.length;
    if (!isWhole) throw new Error('There is half a frame.');
    offset += body.readUInt32BE(offset);
    count += 1;
  }
  return count;
}
