import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  calendarSpan,
  parseWindow,
  resetsInMs,
  windowLengthMs,
  windowText,
} from '../../../src/domain/limits/window.ts';

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

/** A Wednesday. */
const NOW = Date.parse('2026-11-18T13:47:21.250Z');

describe('a duration becomes the calendar window LiteLLM means by it', () => {
  const rows = [
    ['24h', '2026-11-18T00:00', '2026-11-19T00:00'],
    ['1d', '2026-11-18T00:00', '2026-11-19T00:00'],
    ['7d', '2026-11-16T00:00', '2026-11-23T00:00'],
    ['1w', '2026-11-16T00:00', '2026-11-23T00:00'],
    ['30d', '2026-11-01T00:00', '2026-12-01T00:00'],
    ['1mo', '2026-11-01T00:00', '2026-12-01T00:00'],
    ['90d', '2026-10-01T00:00', '2027-01-01T00:00'],
    ['365d', '2026-01-01T00:00', '2027-01-01T00:00'],
    ['1h', '2026-11-18T13:00', '2026-11-18T14:00'],
    ['6h', '2026-11-18T12:00', '2026-11-18T18:00'],
    ['60m', '2026-11-18T13:00', '2026-11-18T14:00'],
    ['30m', '2026-11-18T13:30', '2026-11-18T14:00'],
    ['60s', '2026-11-18T13:47', '2026-11-18T13:48'],
  ] as const;
  for (const [text, start, end] of rows) {
    test(`${text}: from ${start} to ${end}`, () => {
      const window = parseWindow(text);
      assert.equal(window?.kind, 'calendar');
      const { startMs, endMs } = calendarSpan(window.unit, window.count, NOW);
      assert.deepEqual([iso(startMs), iso(endMs)], [start, end]);
      assert.equal(resetsInMs(window, NOW), Date.parse(`${end}Z`) - NOW);
    });
  }

  test('seconds that make no minute, and what says so, roll', () => {
    assert.deepEqual(parseWindow('45s'), { kind: 'rolling', seconds: 45 });
    assert.deepEqual(parseWindow('rolling:2h'), { kind: 'rolling', seconds: 7200 });
    assert.deepEqual(parseWindow('forever'), { kind: 'forever' });
  });

  for (const text of ['', '0d', '-1d', '1.5d', '1 d', '1y', 'rolling:1mo', 'rolling:400d', '200mo', '99999999d', 'd']) {
    test(`"${text}" is no window`, () => assert.equal(parseWindow(text), null));
  }
});

test('a window is written as it is read', () => {
  for (const text of ['5m', '2h', '1d', '3d', '1w', '1mo', '12mo', 'rolling:60s', 'forever']) {
    const window = parseWindow(text);
    assert.ok(window !== null);
    assert.equal(windowText(window), text);
  }
});

test('calendar windows lie side by side, and each moment is in the one that is given for it', () => {
  const units = fc.constantFrom('minute', 'hour', 'day', 'week', 'month');
  const moments = fc.integer({ min: Date.UTC(2000), max: Date.UTC(2100) });
  fc.assert(
    fc.property(units, fc.integer({ min: 1, max: 40 }), moments, (unit, count, nowMs) => {
      const { startMs, endMs } = calendarSpan(unit, count, nowMs);
      assert.ok(startMs <= nowMs && nowMs < endMs);
      assert.deepEqual(calendarSpan(unit, count, startMs), { startMs, endMs });
      assert.deepEqual(calendarSpan(unit, count, endMs - 1), { startMs, endMs });
      assert.equal(calendarSpan(unit, count, endMs).startMs, endMs);
      const lengthMs = windowLengthMs({ kind: 'calendar', unit, count });
      assert.ok(Math.abs(endMs - startMs - lengthMs) <= 0.07 * lengthMs + 86_400_000);
    }),
  );
});
