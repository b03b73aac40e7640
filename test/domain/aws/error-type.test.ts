import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTypeOf } from '../../../src/domain/aws/error-type.ts';

for (const [said, name] of [
  ['ThrottlingException', 'ThrottlingException'],
  ['ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/', 'ThrottlingException'],
  ['com.amazon.bedrock#ValidationException', 'ValidationException'],
  ['com.amazon.bedrock#ValidationException:http://internal.amazon.com/#x', 'ValidationException'],
  ['com.amazon.bedrock.Fault', 'com.amazon.bedrock.Fault'],
  ['', null],
  [undefined, null],
  ['A prompt of somebody', null],
  ['<script>', null],
  ['A'.repeat(101), null],
] as const) {
  test(`the name of the error ${String(said).slice(0, 60)} is ${String(name)}`, () => {
    assert.equal(errorTypeOf(said), name);
  });
}
