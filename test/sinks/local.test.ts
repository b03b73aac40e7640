import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { SinkEvent } from '../../src/domain/sink-event.ts';
import { RotatingFile } from '../../src/sinks/rotating-file.ts';
import { until } from '../support/until.ts';
import { AWKWARD_EVENTS } from './awkward-events.ts';
import { eventOfPayload } from './read-record.ts';
import { openTestSinks, sampleEvents, settingsOf, testFolder } from './test-sinks.ts';

function eventsIn(text: string): SinkEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(eventOfPayload);
}

describe('the sink file', () => {
  test('writes every call as a line, field by field, in the data folder, for nobody else to read', async () => {
    const sinks = await openTestSinks([settingsOf('file')]);
    for (const event of AWKWARD_EVENTS) sinks.accept(event);
    await until(() => sinks.one().delivered === AWKWARD_EVENTS.length);
    const file = path.join(sinks.dataDir, 'calls.jsonl');
    assert.deepEqual(eventsIn(readFileSync(file, 'utf8')), AWKWARD_EVENTS);
    assert.equal(statSync(file).mode & 0o077, 0);
    await sinks.kill();
  });

  test('goes on with a file of an earlier process, rotates by size, keeps so many, and cuts no line', async () => {
    const file = path.join(testFolder(), 'below', 'calls.jsonl');
    const options = settingsOf('file', { path: file, bytes_max: 20_000, files_max: 3 });
    for (const from of [0, 100]) {
      const sinks = await openTestSinks([options], { bounds: { batchSize: 30 } });
      for (const event of sampleEvents(100, from)) sinks.accept(event);
      await until(() => sinks.one().delivered === 100);
      await sinks.kill();
    }
    const names = readdirSync(path.dirname(file)).sort();
    assert.deepEqual(names, ['calls.jsonl', 'calls.jsonl.1', 'calls.jsonl.2', 'calls.jsonl.3']);
    const inOrder = ['.3', '.2', '.1', ''].flatMap((suffix) => {
      assert.ok(statSync(file + suffix).size <= 20_000);
      return eventsIn(readFileSync(file + suffix, 'utf8'));
    });
    const all = sampleEvents(200);
    const count = inOrder.length;
    assert.ok(count > 50 && count < 200);
    assert.deepEqual(inOrder, all.slice(-count));
  });

  test('a line that is longer than a file has one for itself', async () => {
    const file = path.join(testFolder(), 'lines');
    const rotating = new RotatingFile({ file, bytesMax: 10, filesMax: 5 });
    await rotating.append(['a', 'b'.repeat(50), 'c']);
    await rotating.close();
    const texts = ['.2', '.1', ''].map((suffix) => readFileSync(file + suffix, 'utf8'));
    assert.deepEqual(texts, ['a\n', `${'b'.repeat(50)}\n`, 'c\n']);
  });

  test('goes on when the file can be written again', async () => {
    const folder = path.join(testFolder(), 'calls');
    const sinks = await openTestSinks([settingsOf('file', { path: path.join(folder, 'calls.jsonl', 'x') })], {
      bounds: { patienceMs: Infinity },
    });
    mkdirSync(folder);
    // A file stands where a folder must be.
    writeFileSync(path.join(folder, 'calls.jsonl'), '');
    for (const event of sampleEvents(3)) sinks.accept(event);
    await until(() => sinks.one().failing);
    assert.match(sinks.one().lastError?.message ?? '', /^the file can not be written \((EEXIST|ENOTDIR)\)$/);
    rmSync(path.join(folder, 'calls.jsonl'));
    await until(() => sinks.one().delivered === 3);
    await sinks.kill();
  });
});

describe('the sink stdout', () => {
  const PRINTER = fileURLToPath(new URL('print-events.ts', import.meta.url));

  test('prints every call as a line', async () => {
    const child = fork(PRINTER, ['20'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    after(() => child.kill('SIGKILL'));
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    await until(() => text.split('\n').length > 20);
    assert.deepEqual(eventsIn(text), sampleEvents(20));
    child.kill();
    await once(child, 'exit');
  });

  test('a reader that reads nothing costs a bounded amount of memory and holds up nothing', async () => {
    const child = fork(PRINTER, ['200000'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    after(() => child.kill('SIGKILL'));
    child.stdout?.pause();
    const report = z.object({ dropped: z.number(), queued: z.number(), rssMiB: z.number(), turns: z.number() });
    let last = { dropped: 0, queued: 0, rssMiB: 0, turns: 0 };
    child.on('message', (message) => (last = report.parse(message)));
    await until(() => last.dropped > 100_000);
    const before = last.turns;
    await pause(100);
    assert.ok(last.turns > before, 'the event loop stands still');
    assert.ok(last.queued <= 10_200, `${last.queued} queued`);
    assert.ok(last.rssMiB < 400, `${last.rssMiB} MiB`);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});
