import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { assert as check, integer, property } from 'fast-check';
import { requestIdOf, requestTimeMs } from '../../src/domain/request-id.ts';

const LAST_MS_OF_48_BITS = 2 ** 48 - 1;

describe('a request id', () => {
  it('is a UUID of version 7 that begins with its time', () => {
    check(
      property(integer({ min: 0, max: LAST_MS_OF_48_BITS }), (nowMs) => {
        const id = requestIdOf(nowMs, randomUUID());
        assert.match(id, /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
        assert.equal(requestTimeMs(id), nowMs);
      }),
    );
  });

  it('agrees with the example of RFC 9562, appendix A.6, in its time and version', () => {
    const id = requestIdOf(0x017f22e279b0, '00000000-0000-4cc3-98c4-dc0c0c07398f');
    assert.equal(id, '017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
    assert.equal(requestTimeMs(id), 0x017f22e279b0);
  });

  it('is told from what is none', () => {
    for (const other of ['', 'x', randomUUID(), '017F22E2-79B0-7CC3-98C4-DC0C0C07398F']) {
      assert.equal(requestTimeMs(other), null);
    }
  });
});
