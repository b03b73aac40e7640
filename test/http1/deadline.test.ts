import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { Deadline } from '../../src/http1/deadline.ts';

/** A deadline under a time that only the test moves. */
function openDeadline(t: TestContext): { deadline: Deadline; passed: number[]; wait: (ms: number) => void } {
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] });
  let nowMs = 1000.25;
  const passed: number[] = [];
  const clock = { nowMs: () => 0, elapsedMs: () => nowMs };
  const wait = (ms: number): void => {
    for (let step = 0; step < ms; step += 1) {
      nowMs += 1;
      t.mock.timers.tick(1);
    }
  };
  return { deadline: new Deadline(clock, () => passed.push(nowMs - 1000.25)), passed, wait };
}

test('a deadline passes once, and not before its time', (t) => {
  const { deadline, passed, wait } = openDeadline(t);
  deadline.setIn(10);
  wait(9);
  assert.deepEqual(passed, []);
  wait(100);
  assert.deepEqual(passed, [10]);
});

test('a deadline that is moved on with every sign of life does not pass while there are some', (t) => {
  const { deadline, passed, wait } = openDeadline(t);
  for (let sign = 0; sign < 50; sign += 1) {
    deadline.setIn(10);
    wait(9);
  }
  assert.deepEqual(passed, []);
  wait(1);
  assert.deepEqual(passed, [460 - 9]);
});

test('a deadline that is moved nearer passes then', (t) => {
  const { deadline, passed, wait } = openDeadline(t);
  deadline.setIn(1000);
  wait(5);
  deadline.setIn(10);
  wait(2000);
  assert.deepEqual(passed, [15]);
});

test('a deadline that is cleared does not pass until it is set again', (t) => {
  const { deadline, passed, wait } = openDeadline(t);
  deadline.setIn(10);
  deadline.clear();
  wait(100);
  deadline.setIn(20);
  deadline.clear();
  deadline.setIn(5);
  wait(100);
  assert.deepEqual(passed, [105]);
});

test('a deadline is set again when it has passed', (t) => {
  const { deadline, passed, wait } = openDeadline(t);
  deadline.setIn(10);
  wait(20);
  deadline.setIn(10);
  wait(20);
  assert.deepEqual(passed, [10, 30]);
});

test('a deadline that has ended does not pass', (t) => {
  const { deadline, passed, wait } = openDeadline(t);
  deadline.setIn(10);
  deadline.end();
  wait(100);
  assert.deepEqual(passed, []);
});

test('a sign of life that was there before its time counts, though the process was held up and read it late', async () => {
  let passed = false;
  const { promise: read, resolve } = Promise.withResolvers<void>();
  const clock = { nowMs: () => 0, elapsedMs: () => performance.now() };
  const deadline = new Deadline(clock, () => (passed = true));
  const network = new MessageChannel();
  network.port1.once('message', () => {
    deadline.setIn(60_000);
    resolve();
  });
  deadline.setIn(5);
  network.port2.postMessage('a sign of life');
  const untilMs = performance.now() + 20;
  while (performance.now() < untilMs);
  await read;
  await new Promise((done) => setImmediate(() => setImmediate(done)));
  assert.equal(passed, false);
  deadline.end();
  network.port1.close();
});

test('a deadline that has ended never passes, whatever is set', (t) => {
  const { deadline, passed, wait } = openDeadline(t);
  deadline.setIn(10);
  deadline.end();
  deadline.setIn(5);
  wait(100);
  assert.deepEqual(passed, []);
});
