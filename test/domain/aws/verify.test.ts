import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { amzDateMs, amzDateOf } from '../../../src/domain/aws/sigv4/amz-date.ts';
import { createVerifier, type InvalidSignature, INVALID_SIGNATURES } from '../../../src/domain/aws/sigv4/verify.ts';
import {
  AMZ_DATE,
  CLIENT_REQUESTS,
  evidenceOf,
  NOW_MS,
  SECRET,
  signedAgain,
  type WireRequest,
} from './wire-request.ts';

const verify = createVerifier(new Set(['bedrock', 'bedrock-agentcore']));

function verdictOf(wire: WireRequest, secret = SECRET): 'valid' | InvalidSignature {
  const evidence = evidenceOf(wire);
  assert.ok(evidence !== null, 'the gateway does not even parse this request');
  const verdict = verify(evidence, secret);
  return verdict.kind === 'valid' ? 'valid' : verdict.reason;
}

for (const [client, wire] of Object.entries(CLIENT_REQUESTS)) {
  test(`the signature of ${client} is valid, and with another secret it is not`, () => {
    assert.equal(verdictOf(wire), 'valid');
    assert.equal(verdictOf(wire, `${SECRET}x`), 'mismatch');
    assert.notEqual(verdictOf({ ...wire, body: `${wire.body} ` }), 'valid');
  });
}

const base = CLIENT_REQUESTS['boto3'] ?? assert.fail();
type Headers = WireRequest['headers'];

function withHeaders(signed: Headers, unsigned: Headers = []): WireRequest {
  const headers = [...base.headers, ...signed, ...unsigned];
  const signedHeaders = [...new Set([...base.signedHeaders, ...signed.map(([name]) => name)])].sort();
  return signedAgain({ ...base, headers, signedHeaders });
}

function datedAs(amzDate: string, date = amzDate.slice(0, 8)): WireRequest {
  const headers: Headers = base.headers.map(([name, value]) => [name, name === 'x-amz-date' ? amzDate : value]);
  return signedAgain({ ...base, headers, date });
}

function without(name: string): Headers {
  return base.headers.filter(([candidate]) => candidate !== name);
}

const bodyHash = hash('sha256', base.body);

/** Each with a signature that is right for what the request says. */
const rules: readonly (readonly [what: string, wire: WireRequest, verdict: 'valid' | InvalidSignature])[] = [
  ['a time of 5 minutes ago', datedAs(amzDateOf(NOW_MS - 300_000)), 'valid'],
  ['a time of 5 minutes and a second ago', datedAs(amzDateOf(NOW_MS - 301_000)), 'date-skew'],
  ['a time in 5 minutes', datedAs(amzDateOf(NOW_MS + 300_000)), 'valid'],
  ['a time in 5 minutes and a second', datedAs(amzDateOf(NOW_MS + 301_000)), 'date-skew'],
  ['a scope of the day before', datedAs(AMZ_DATE, '20261031'), 'date-not-of-scope'],
  ['a time with fractions', datedAs('20261101T093000.000Z'), 'date-malformed'],
  ['a time without a zone', datedAs('20261101T093000'), 'date-malformed'],
  ['a day that does not exist', datedAs('20260230T093000Z'), 'date-malformed'],
  ['an hour that does not exist', datedAs('20261101T243000Z'), 'date-malformed'],
  ['two times', withHeaders([['x-amz-date', AMZ_DATE]]), 'date-malformed'],
  [
    'a Date header instead of x-amz-date',
    signedAgain({
      ...base,
      headers: [...without('x-amz-date'), ['date', 'Sun, 01 Nov 2026 09:30:00 GMT']],
      signedHeaders: ['content-type', 'date', 'host'],
    }),
    'date-missing',
  ],
  ['a scope of another service', signedAgain({ ...base, service: 's3' }), 'service'],
  ['a scope of agentcore', signedAgain({ ...base, service: 'bedrock-agentcore' }), 'valid'],
  ['an unsigned host', signedAgain({ ...base, signedHeaders: ['content-type', 'x-amz-date'] }), 'host-unsigned'],
  ['an unsigned time', signedAgain({ ...base, signedHeaders: ['content-type', 'host'] }), 'header-unsigned'],
  ['host and :authority', signedAgain({ ...base, signedHeaders: [':authority', 'host', 'x-amz-date'] }), 'valid'],
  ['a signed x-amz-target', withHeaders([['x-amz-target', 'Service.Operation']]), 'valid'],
  ['an unsigned x-amz-target', withHeaders([], [['x-amz-target', 'Service.Operation']]), 'header-unsigned'],
  ['an unsigned X-Amz-Target', withHeaders([], [['X-Amz-Target', 'Service.Operation']]), 'header-unsigned'],
  ['an unsigned x-amzn-trace-id', withHeaders([], [['x-amzn-trace-id', 'Root=1']]), 'valid'],
  ['the hash of the body', withHeaders([['x-amz-content-sha256', bodyHash]]), 'valid'],
  ['the hash of another body', withHeaders([['x-amz-content-sha256', hash('sha256', '')]]), 'payload-changed'],
  ['the hash in upper case', withHeaders([['x-amz-content-sha256', bodyHash.toUpperCase()]]), 'payload-changed'],
  ['an empty hash', withHeaders([['x-amz-content-sha256', '']]), 'payload-changed'],
  [
    'two hashes, the second of another body',
    withHeaders([
      ['x-amz-content-sha256', bodyHash],
      ['x-amz-content-sha256', hash('sha256', '')],
    ]),
    'payload-changed',
  ],
  ['an unsigned body', withHeaders([['x-amz-content-sha256', 'UNSIGNED-PAYLOAD']]), 'payload-unsigned'],
  [
    'a body signed in chunks',
    withHeaders([['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD']]),
    'payload-unsigned',
  ],
  ['a session token', withHeaders([['x-amz-security-token', 'token']]), 'session-token'],
  ['an unsigned session token', withHeaders([], [['x-amz-security-token', 'token']]), 'session-token'],
  ['an empty session token', withHeaders([['x-amz-security-token', '']]), 'session-token'],
  [
    'a signed header that did not arrive',
    signedAgain({ ...base, signedHeaders: ['host', 'x-amz-date', 'x-gone'] }),
    'header-absent',
  ],
  [
    'unsorted names',
    signedAgain({ ...base, signedHeaders: ['host', 'content-type', 'x-amz-date'] }),
    'headers-unsorted',
  ],
  ['a name twice', signedAgain({ ...base, signedHeaders: ['host', 'host', 'x-amz-date'] }), 'headers-unsorted'],
  ['another path', { ...base, target: `${base.target}-stream` }, 'mismatch'],
  ['a raw colon for an encoded one', { ...base, target: base.target.replace('%3A', ':') }, 'mismatch'],
  ['a doubled slash', { ...base, target: base.target.replace('/model', '//model') }, 'valid'],
  ['a trailing slash', { ...base, target: `${base.target}/` }, 'mismatch'],
];

for (const [what, wire, verdict] of rules) {
  test(`${what}: ${verdict}`, () => {
    assert.equal(verdictOf(wire), verdict);
  });
}

test('behind a proxy that changes host and prefix, the address the client signed counts, and no other', () => {
  const arrived = evidenceOf(base) ?? assert.fail();
  const inner = { host: 'inner:4000', path: '/bedrock/model/x/converse' };
  const [outer] = arrived.places;
  assert.ok(outer !== undefined);
  const kindAt = (...places: readonly (typeof inner)[]): string => verify({ ...arrived, places }, SECRET).kind;
  assert.equal(kindAt(inner), 'invalid');
  assert.equal(kindAt(inner, outer), 'valid');
  assert.equal(kindAt({ ...inner, path: outer.path }, { ...inner, host: outer.host }), 'invalid');
  assert.equal(kindAt(), 'invalid');
});

test('a signature of another length is invalid, not an error', () => {
  const evidence = evidenceOf(base) ?? assert.fail();
  for (const signature of ['', 'ab', `${evidence.authorization.signature}00`]) {
    const claimed = { ...evidence, authorization: { ...evidence.authorization, signature } };
    assert.deepEqual(verify(claimed, SECRET), { kind: 'invalid', reason: 'mismatch' });
  }
});

test('reasons are one line and hold nothing of the request', () => {
  for (const message of Object.values(INVALID_SIGNATURES)) assert.match(message, /^[ -~]{20,160}\.$/);
});

test('the time of a signature is read as it is written', () => {
  for (const timeMs of [0, NOW_MS, Date.UTC(2028, 1, 29, 23, 59, 59)])
    assert.equal(amzDateMs(amzDateOf(timeMs)), timeMs);
  for (const text of [
    '',
    '20261101T093000z',
    '20261301T093000Z',
    '20261101T096000Z',
    ' 20261101T093000Z',
    '00000000T000000Z',
  ]) {
    assert.equal(amzDateMs(text), null, text);
  }
});

test('no day and no time that does not exist is read', () => {
  const parts: readonly (readonly number[])[] = [
    [0, 99, 100, 1900, 1970, 2000, 2026, 2028, 2100, 9999],
    Array.from({ length: 14 }, (_, month) => month),
    [0, 1, 27, 28, 29, 30, 31, 32, 99],
    [0, 23, 24],
    [0, 59, 60],
    [0, 59, 60],
  ];
  const written = parts.reduce<readonly (readonly number[])[]>(
    (heads, choices) => heads.flatMap((head) => choices.map((choice) => [...head, choice])),
    [[]],
  );
  for (const [year, ...others] of written) {
    const [month, day, hour, minute, second] = others.map((part) => String(part).padStart(2, '0'));
    const iso = `${String(year).padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
    const readMs = Date.parse(iso);
    // JavaScript reads the 30th of February and 24:00, and writes them otherwise.
    const exists = !Number.isNaN(readMs) && Number(year) > 99 && new Date(readMs).toISOString() === iso;
    const text = iso.replace(/[-:]|\.000/g, '');
    assert.equal(amzDateMs(text), exists ? readMs : null, text);
  }
});
