import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalPath, canonicalQuery, canonicalRequest } from '../../../../src/domain/aws/sigv4/canonical-request.ts';

const paths = [
  ['/', '/'],
  ['/guardrails/', '/guardrails/'],
  ['/model/anthropic.claude-v1%3A0/invoke', '/model/anthropic.claude-v1%253A0/invoke'],
  ['/model/anthropic.claude-v1:0/invoke', '/model/anthropic.claude-v1%3A0/invoke'],
  ['/model/arn%3Aaws%3Abedrock%2Fabc/invoke', '/model/arn%253Aaws%253Abedrock%252Fabc/invoke'],
  ["/a!b'c(d)e*f", '/a%21b%27c%28d%29e%2Af'],
  ['/~a-b_c.d+e@f,g=h&i$j', '/~a-b_c.d%2Be%40f%2Cg%3Dh%26i%24j'],
  ['/\u{fc}', '/%C3%BC'],
  ['/\ud800', '/%EF%BF%BD'],
] as const;

for (const [raw, canonical] of paths) {
  test(`the path ${JSON.stringify(raw)} becomes ${canonical}`, () => {
    assert.equal(canonicalPath(raw), canonical);
  });
}

const queries = [
  ['', ''],
  ['a', 'a='],
  ['a=', 'a='],
  ['b=2&a=1', 'a=1&b=2'],
  ['a=2&a=1&a', 'a=&a=1&a=2'],
  ['a-b=1&a=2', 'a=2&a-b=1'],
  ['a=1=2', 'a=1%3D2'],
  ['=1', '=1'],
  ['&&a=1&', 'a=1'],
  ['a=x+y', 'a=x%2By'],
  ['a=x%20y', 'a=x%20y'],
  ['%61=%7e%2d', 'a=~-'],
  ['t=a%2fb%3d', 't=a%2Fb%3D'],
  ['a=%2541', 'a=%2541'],
  ['a=%ff%00', 'a=%FF%00'],
  ['a=%&b=%4&c=%zz', 'a=%25&b=%254&c=%25zz'],
  ["a=!'()*", 'a=%21%27%28%29%2A'],
  ['a=\u{fc}\ud800', 'a=%C3%BC%EF%BF%BD'],
] as const;

for (const [raw, canonical] of queries) {
  test(`the query ${JSON.stringify(raw)} becomes ${canonical}`, () => {
    assert.equal(canonicalQuery(raw), canonical);
  });
}

test('headers are sorted, trimmed, their inner white space folded and doubles joined in their order', () => {
  const { text, signedHeaders } = canonicalRequest({
    method: 'PUT',
    path: '/x',
    query: '',
    headers: [
      ['x-b', ' b  b\t\tb '],
      ['host', 'h'],
      ['x-a', '2'],
      ['x-a', ' 1'],
      ['x-a-b', ''],
    ],
    payloadSha256Hex: 'UNSIGNED-PAYLOAD',
  });
  assert.equal(text, 'PUT\n/x\n\nhost:h\nx-a:2,1\nx-a-b:\nx-b:b b b\n\nhost;x-a;x-a-b;x-b\nUNSIGNED-PAYLOAD');
  assert.equal(signedHeaders, 'host;x-a;x-a-b;x-b');
});

test('no header value can add a line to what is signed', () => {
  const { text } = canonicalRequest({
    method: 'GET',
    path: '/',
    query: '',
    headers: [['x-a', 'b\r\nhost:evil']],
    payloadSha256Hex: '',
  });
  assert.equal(text, 'GET\n/\n\nx-a:b host:evil\n\nx-a\n');
});
