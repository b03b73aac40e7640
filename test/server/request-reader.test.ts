import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeadTooLarge } from '../../src/http1/head-bytes.ts';
import { HttpFault } from '../../src/http1/http-fault.ts';
import { RequestReader } from '../../src/server/http1/request-reader.ts';

interface Read {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly hasTrailers: boolean;
}

const POST = 'POST /model/x/converse HTTP/1.1\r\nHost: g\r\n';

const SOUND: readonly { readonly name: string; readonly wire: string; readonly read: readonly Partial<Read>[] }[] = [
  {
    name: 'no body',
    wire: 'GET /health HTTP/1.1\r\nHost: g\r\n\r\n',
    read: [{ method: 'GET', target: '/health', body: '' }],
  },
  { name: 'a counted body', wire: `${POST}Content-Length: 5\r\n\r\nhello`, read: [{ body: 'hello' }] },
  { name: 'a body of no bytes', wire: `${POST}Content-Length: 0\r\n\r\n`, read: [{ body: '' }] },
  {
    name: 'chunks, one with an extension',
    wire: `${POST}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`,
    read: [{ body: 'hello', hasTrailers: false }],
  },
  {
    name: 'trailers, which it tells of',
    wire: `${POST}Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\nx-a: b\r\n\r\n`,
    read: [{ body: 'hello', hasTrailers: true }],
  },
  {
    name: 'blanks around values, and bytes beyond ASCII in them',
    wire: `${POST}x-a: \t b\xe9 c \r\nx-b:\r\n\r\n`,
    read: [{ headers: ['Host', 'g', 'x-a', 'b\xe9 c', 'x-b', ''] }],
  },
  {
    name: 'an empty line in front',
    wire: '\r\n\r\nGET / HTTP/1.0\r\n\r\n',
    read: [{ method: 'GET', target: '/', headers: [] }],
  },
  {
    name: 'one request after the other',
    wire: `${POST}Content-Length: 2\r\n\r\nhi${POST}Transfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n\r\nGET /a HTTP/1.1\r\n\r\n`,
    read: [{ body: 'hi' }, { body: '!' }, { method: 'GET', target: '/a' }],
  },
];

const BROKEN: readonly (readonly [name: string, wire: string])[] = [
  ['a method nobody knows', 'BREW / HTTP/1.1\r\n\r\n'],
  ['a method in lower case', 'get / HTTP/1.1\r\n\r\n'],
  ['no version', 'GET /\r\n\r\n'],
  ['another version', 'GET / HTTP/1.2\r\n\r\n'],
  ['two blanks', 'GET  / HTTP/1.1\r\n\r\n'],
  ['a tab for a blank', 'GET\t/ HTTP/1.1\r\n\r\n'],
  ['a blank at the end of the line', 'GET / HTTP/1.1 \r\n\r\n'],
  ['a byte beyond ASCII in the target', 'GET /\xe9 HTTP/1.1\r\n\r\n'],
  ['a bare LF', 'GET / HTTP/1.1\r\nHost: g\nx: y\r\n\r\n'],
  ['a bare CR', 'GET / HTTP/1.1\r\nHost: g\rx: y\r\n\r\n'],
  ['a NUL', 'GET / HTTP/1.1\r\nHost: g\0\r\n\r\n'],
  ['a folded line', 'GET / HTTP/1.1\r\nHost: g\r\n h\r\n\r\n'],
  ['a line without a name', 'GET / HTTP/1.1\r\n: g\r\n\r\n'],
  ['a line without a colon', 'GET / HTTP/1.1\r\nHost\r\n\r\n'],
  ['a blank before the colon', 'GET / HTTP/1.1\r\nHost : g\r\n\r\n'],
  ['a length and chunks', `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${POST}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
  ['a length with a sign', `${POST}Content-Length: +5\r\n\r\nhello`],
  ['a length that is empty', `${POST}Content-Length:\r\n\r\n`],
  ['a list of lengths', `${POST}Content-Length: 5, 5\r\n\r\nhello`],
  ['another encoding', `${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunked in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk of no size', `${POST}Transfer-Encoding: chunked\r\n\r\n\r\n`],
  ['a chunk that is longer than it says', `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`],
  ['a chunk size that ends in LF', `${POST}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n`],
];

describe('requests are read the same however they are cut', () => {
  for (const { name, wire, read } of SOUND) {
    test(name, () => {
      const whole = readAll([wire]);
      assert.equal(whole.length, read.length);
      for (const [index, expected] of read.entries()) assert.partialDeepStrictEqual(whole[index], expected);
      for (let cut = 1; cut < wire.length; cut += 1) {
        assert.deepEqual(readAll([wire.slice(0, cut), wire.slice(cut)]), whole, `cut at ${cut}`);
      }
      assert.deepEqual(readAll(bytesOf(wire)), whole, 'byte by byte');
    });
  }
});

describe('what is no request is refused however it is cut', () => {
  for (const [name, wire] of BROKEN) {
    test(name, () => {
      assert.throws(() => readAll([wire]), HttpFault);
      assert.throws(() => readAll(bytesOf(wire)), HttpFault);
      for (let cut = 1; cut < wire.length; cut += 1) {
        assert.throws(() => readAll([wire.slice(0, cut), wire.slice(cut)]), HttpFault, `cut at ${cut}`);
      }
    });
  }
});

test('a head has 16 KiB, however it comes', () => {
  const head = (bytes: number): string => `${POST}x: `.padEnd(bytes, 'a');
  assert.equal(readAll([`${head(16 * 1024)}\r\n\r\n`]).length, 1);
  assert.equal(readAll(bytesOf(`${head(16 * 1024)}\r\n\r\n`)).length, 1);
  assert.throws(() => readAll([`${head(16 * 1024 + 1)}\r\n\r\n`]), HeadTooLarge);
  assert.throws(() => readAll(bytesOf(`${head(16 * 1024 + 1)}\r\n\r\n`)), HeadTooLarge);
  assert.throws(() => readAll([head(17 * 1024)]), HeadTooLarge);
});

test('the extensions of all chunks together are bounded', () => {
  const chunk = `1;${'e'.repeat(99)}\r\na\r\n`;
  const head = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
  assert.equal(readAll([`${head}${chunk.repeat(160)}0\r\n\r\n`])[0]?.body.length, 160);
  assert.throws(() => readAll([`${head}${chunk.repeat(170)}0\r\n\r\n`]), HttpFault);
});

function bytesOf(text: string): string[] {
  return text.split('');
}

/** @param pieces characters are bytes */
function readAll(pieces: readonly string[]): Read[] {
  const reader = new RequestReader();
  const all: Read[] = [];
  let current: Omit<Read, 'body' | 'hasTrailers'> | null = null;
  let body = '';
  for (const piece of pieces) {
    let rest = Buffer.from(piece, 'latin1');
    while (rest.length > 0 || (current !== null && reader.bodyOver)) {
      if (current === null) {
        const read = reader.readHead(rest);
        if (read === null) break;
        current = { method: read.head.method, target: read.head.target, headers: read.head.headers };
        rest = Buffer.from(read.rest);
      }
      rest = Buffer.from(
        reader.readBody(rest, (bytes) => {
          body += bytes.toString('latin1');
        }),
      );
      if (!reader.bodyOver) break;
      all.push({ ...current, body, hasTrailers: reader.hasTrailers });
      current = null;
      body = '';
    }
  }
  return all;
}
