import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/domain/errors.ts';
import { parseRequestTarget, TARGET_BYTES_MAX } from '../../src/domain/request-target.ts';

const ACCEPTED: readonly [raw: string, path: string, query: string, segments: readonly string[]][] = [
  ['/', '/', '', ['']],
  ['/bedrock', '/bedrock', '', ['bedrock']],
  ['/bedrock/', '/bedrock/', '', ['bedrock', '']],
  ['/bedrock//model/x', '/bedrock/model/x', '', ['bedrock', 'model', 'x']],
  ['//evil/x', '/evil/x', '', ['evil', 'x']],
  ['///', '/', '', ['']],
  ['/agents/a//', '/agents/a/', '', ['agents', 'a', '']],
  ['/model/a.b-c_d~e:0/converse', '/model/a.b-c_d~e:0/converse', '', ['model', 'a.b-c_d~e:0', 'converse']],
  ['/x/%3A%2F%5c', '/x/%3A%2F%5c', '', ['x', '%3A%2F%5c']],
  ["/@!$'()*+,=&", "/@!$'()*+,=&", '', ["@!$'()*+,=&"]],
  ['/.well-known/...', '/.well-known/...', '', ['.well-known', '...']],
  ['/x/%e2%82%ac', '/x/%e2%82%ac', '', ['x', '%e2%82%ac']],
  ['/x?', '/x', '', ['x']],
  ['/x?a=/b?c&d=%2F..', '/x', 'a=/b?c&d=%2F..', ['x']],
  ['/x?&byOutputModality=TEXT&', '/x', '&byOutputModality=TEXT&', ['x']],
  ['/x?next=%252F%253D', '/x', 'next=%252F%253D', ['x']],
  ['/x?a=//', '/x', 'a=//', ['x']],
];

for (const [raw, path, query, segments] of ACCEPTED) {
  test(`takes ${raw} apart`, () => {
    assert.deepEqual(parseRequestTarget(raw), { path, query, segments });
  });
}

const REFUSED: readonly [raw: string, why: RegExp][] = [
  ['', /origin form/],
  ['*', /origin form/],
  ['example.com:443', /origin form/],
  ['http://example.com/model/x', /origin form/],
  ['?a=b', /origin form/],
  ['\\model', /origin form/],
  ['/.', /dot segment/],
  ['/..', /dot segment/],
  ['/model/./x', /dot segment/],
  ['/model/../x', /dot segment/],
  ['/model/x/..?a=b', /dot segment/],
  ['/model/%2e/x', /dot segment/],
  ['/model/%2e%2E/x', /dot segment/],
  ['/model/.%2e/x', /dot segment/],
  ['/model/%2E.', /dot segment/],
  ['/model/arn:x%2F..%2Fy', /dot segment/],
  ['/model/x%5C..', /dot segment/],
  ['/model/%2e%2e%2fx', /dot segment/],
  ['/model/x%2F%2e', /dot segment/],
  ['/model/%252e%252e/x', /doubled/],
  ['/model/x%252Fy', /doubled/],
  ['/model/%25%32%66', /doubled/],
  ['/model\\x', /character \\/],
  ['/model;v=1/x', /character ;/],
  ['/model#x', /character #/],
  ['/model"x', /character "/],
  ['/model<x>', /character </],
  ['/model/{x}', /character {/],
  ['/model|x', /character \|/],
  ['/model^x', /character \^/],
  ['/model`x', /character `/],
  ['/model[x]', /character \[/],
  ['/model x', /character code 32/],
  ['/model\tx', /character code 9/],
  ['/model\0x', /character code 0/],
  ['/model\x7fx', /character code 127/],
  ['/model\u00e9', /character code 233/],
  ['/model\u2215x', /character code 8725/],
  ['/model/%', /percent-encoding/],
  ['/model/%4', /percent-encoding/],
  ['/model/%zz', /percent-encoding/],
  ['/model/%u0041', /percent-encoding/],
  ['/model/%c0%af', /percent-encoding/],
  ['/model/%e0%80%af', /percent-encoding/],
  ['/model/%ed%a0%80', /percent-encoding/],
  ['/model/%ff', /percent-encoding/],
  ['/model/%c3/%a9', /percent-encoding/],
  ['/model/%00', /control/],
  ['/model/%0d%0ax', /control/],
  ['/model/%1f', /control/],
  ['/model/%7F', /control/],
  ['/x?a=%00', /control/],
  ['/x?a=%0A', /control/],
  ['/x?a=%zz', /percent-encoding/],
  ['/x?%c0%af', /percent-encoding/],
  ['/x?a;b', /character ;/],
  ['/x?a#b', /character #/],
  ['/x?a b', /character code 32/],
  ['/x?\u00e9', /character code 233/],
  [`/${'x'.repeat(TARGET_BYTES_MAX)}`, /longer than/],
];

for (const [raw, why] of REFUSED) {
  test(`refuses ${JSON.stringify(raw.slice(0, 40))}`, () => {
    assert.throws(
      () => parseRequestTarget(raw),
      (error) => error instanceof Refusal && error.kind === 'invalidRequest' && why.test(error.message),
    );
  });
}

test('a target of exactly the bound passes', () => {
  assert.equal(parseRequestTarget(`/${'x'.repeat(TARGET_BYTES_MAX - 1)}`).path.length, TARGET_BYTES_MAX);
});

for (const raw of [
  '/x?X-Amz-Signature=abc',
  '/x?a=b&x-amz-algorithm=AWS4-HMAC-SHA256',
  '/x?X-AMZ-CREDENTIAL',
  '/x?X%2DAmz%2dSignature=abc',
]) {
  test(`refuses the presigned ${raw} as a signature it does not take`, () => {
    assert.throws(
      () => parseRequestTarget(raw),
      (error) => error instanceof Refusal && error.kind === 'badSignature',
    );
  });
}

test('a parameter that only mentions a signature is no presigned URL', () => {
  assert.equal(parseRequestTarget('/x?q=X-Amz-Signature').query, 'q=X-Amz-Signature');
});
