import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvText } from '../../src/domain/csv.ts';

test('cells are quoted where they have to be', () => {
  const rows = [
    ['plain', 'with, comma', 'with "quotes"', 'two\nlines'],
    [1, -0.5, null, ''],
  ];
  assert.equal(csvText(rows), 'plain,"with, comma","with ""quotes""","two\nlines"\r\n1,-0.5,,\r\n');
  assert.equal(csvText([]), '');
});

test('no text becomes a formula', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1']) {
    assert.match(csvText([[text]]), /^"?'/, JSON.stringify(text));
  }
});
