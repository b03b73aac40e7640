import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { UpstreamRequest } from '../../src/ports.ts';
import { encodeRequestHead } from '../../src/upstream/http1/request-head.ts';

type Part = Partial<Pick<UpstreamRequest, 'method' | 'path' | 'headers' | 'body'>>;

function encode(part: Part): string {
  return encodeRequestHead({
    origin: 'http://127.0.0.1',
    method: 'POST',
    path: '/',
    headers: [],
    body: null,
    headersTimeoutMs: 1000,
    idleTimeoutMs: 1000,
    ...part,
  });
}

describe('a request begins on the wire with exactly these bytes', () => {
  const ROWS: readonly (readonly [what: string, part: Part, wire: string])[] = [
    ['POST without a body says so', {}, 'POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    ['PUT without a body', { method: 'PUT' }, 'PUT / HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    ['PATCH without a body', { method: 'PATCH' }, 'PATCH / HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    ['GET without a body says nothing of it', { method: 'GET' }, 'GET / HTTP/1.1\r\n\r\n'],
    ['HEAD', { method: 'HEAD' }, 'HEAD / HTTP/1.1\r\n\r\n'],
    ['DELETE', { method: 'DELETE' }, 'DELETE / HTTP/1.1\r\n\r\n'],
    [
      'DELETE with a body',
      { method: 'DELETE', body: Buffer.from('{}') },
      'DELETE / HTTP/1.1\r\ncontent-length: 2\r\n\r\n',
    ],
    ['a body of no bytes', { body: new Uint8Array() }, 'POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n'],
    [
      'bytes are counted, not characters',
      { body: new TextEncoder().encode('é€') },
      'POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n',
    ],
    [
      'path and query as they are',
      { method: 'GET', path: '/model/a%3Ab%2F..//c;d=e,\'~/converse?x=%20&y=[]|{}"<>^`\\#' },
      'GET /model/a%3Ab%2F..//c;d=e,\'~/converse?x=%20&y=[]|{}"<>^`\\# HTTP/1.1\r\n\r\n',
    ],
    [
      'headers as they are and in their order, twice where they stand twice',
      { method: 'GET', headers: ['host', 'h:1', 'X-Amz-Date', 'd', 'a', '', 'a', '  b\tc '] },
      'GET / HTTP/1.1\r\nhost: h:1\r\nX-Amz-Date: d\r\na: \r\na:   b\tc \r\n\r\n',
    ],
    [
      'one byte for each character up to U+00FF',
      { method: 'GET', headers: ['a', 'caf\xe9\xff'] },
      'GET / HTTP/1.1\r\na: caf\xe9\xff\r\n\r\n',
    ],
  ];
  for (const [what, part, wire] of ROWS) test(what, () => assert.equal(encode(part), wire));
});

describe('what would say something else on the wire is not sent', () => {
  /** The last two are CR and LF once their high byte is gone. */
  const BREAKS = ['\r\n', '\r', '\n', '\0', '\u010d', '\u010a'];
  const NO_NAMES = ['', ' ', 'a b', 'a ', ' a', 'a\t', 'a:', '(a)', 'é', 'a\x7f', '\u0141'];
  const ROWS: readonly (readonly [what: string, part: Part])[] = [
    ...BREAKS.flatMap((text): [string, Part][] => [
      [`method with ${JSON.stringify(text)}`, { method: `GET${text}X` }],
      [`method before ${JSON.stringify(text)}`, { method: `GET${text}` }],
      [`path with ${JSON.stringify(text)}`, { path: `/a${text}b` }],
      [`path before ${JSON.stringify(text)}`, { path: `/a${text}` }],
      [`header name with ${JSON.stringify(text)}`, { headers: ['host', 'h', `a${text}b`, 'c'] }],
      [`header name before ${JSON.stringify(text)}`, { headers: ['host', 'h', `a${text}`, 'c'] }],
      [`header value with ${JSON.stringify(text)}`, { headers: ['host', 'h', 'a', `b${text}c: d`] }],
      [`header value before ${JSON.stringify(text)}`, { headers: ['host', 'h', 'a', `b${text}`] }],
    ]),
    ...NO_NAMES.map((name): [string, Part] => [`header name ${JSON.stringify(name)}`, { headers: [name, 'v'] }]),
    ...['', 'get', 'GET ', ' GET', 'GE T', 'G\u0130T', 'GET /'].map((method): [string, Part] => [
      `method ${JSON.stringify(method)}`,
      { method },
    ]),
    ...['', '*', 'a', 'http://h/', '/a b', '/a\tb', '/é', '/\u2028', '/\x7f', '/ HTTP/1.1'].map(
      (path): [string, Part] => [`path ${JSON.stringify(path)}`, { path }],
    ),
  ];
  for (const [what, part] of ROWS) test(what, () => assert.throws(() => encode(part), TypeError));
});
