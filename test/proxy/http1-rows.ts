import { MASTER_KEY } from '../support/test-gateway.ts';

/** Requests over HTTP/1, as bytes: what is refused, and with which status, and what is odd but served. */

export const PATH = '/bedrock/model/amazon.nova-lite-v1%3A0/converse';
export const BODY = '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}';
export const KEY = `Authorization: Bearer ${MASTER_KEY}`;
export const LENGTH = `Content-Length: ${BODY.length}`;
export const TYPE = 'Content-Type: application/json';
const CHUNKED_BODY = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
const MIB = 1024 * 1024;

/** A POST with these header lines after its Host and key. */
export function post(lines: readonly string[], body: string = BODY): string {
  return request(`POST ${PATH} HTTP/1.1`, ['Host: gateway', KEY, TYPE, ...lines], body);
}

export function request(line: string, lines: readonly string[], body: string): string {
  return `${[line, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

interface Row {
  readonly name: string;
  readonly sent: string;
  readonly status: number;
}

export const REFUSED: readonly Row[] = [
  { name: 'two Host headers', sent: post(['Host: other', LENGTH]), status: 400 },
  {
    name: 'two equal Host headers',
    sent: post(['Host: gateway', LENGTH]),
    status: 400,
  },
  { name: 'no Host header', sent: request(`POST ${PATH} HTTP/1.1`, [KEY, TYPE, LENGTH], BODY), status: 400 },
  { name: 'HTTP/0.9', sent: `GET ${PATH}\r\n\r\n`, status: 400 },
  {
    name: 'HTTP/2.0 on an HTTP/1 line',
    sent: request(`POST ${PATH} HTTP/2.0`, ['Host: g', KEY, TYPE, LENGTH], BODY),
    status: 400,
  },
  {
    name: 'HTTP/1.2',
    sent: request(`POST ${PATH} HTTP/1.2`, ['Host: g', KEY, TYPE, LENGTH], BODY),
    status: 400,
  },
  {
    name: 'absolute form',
    sent: request(`POST http://gateway${PATH} HTTP/1.1`, ['Host: gateway', KEY, TYPE, LENGTH], BODY),
    status: 400,
  },
  { name: 'asterisk form', sent: request('OPTIONS * HTTP/1.1', ['Host: gateway', KEY], ''), status: 400 },
  {
    name: 'Transfer-Encoding: gzip, chunked',
    sent: post(['Transfer-Encoding: gzip, chunked'], CHUNKED_BODY),
    status: 400,
  },
  { name: 'Transfer-Encoding: identity', sent: post(['Transfer-Encoding: identity', LENGTH]), status: 400 },
  {
    name: 'chunked in HTTP/1.0',
    sent: request(`POST ${PATH} HTTP/1.0`, ['Host: g', KEY, TYPE, 'Transfer-Encoding: chunked'], CHUNKED_BODY),
    status: 400,
  },
  {
    name: 'announced trailers',
    sent: post(['Transfer-Encoding: chunked', 'Trailer: x-api-key'], CHUNKED_BODY),
    status: 400,
  },
  {
    name: 'trailers nobody announced',
    sent: post(['Transfer-Encoding: chunked'], CHUNKED_BODY.replace(/\r\n$/, 'x-api-key: sk-other\r\n\r\n')),
    status: 400,
  },
  { name: 'length and chunked', sent: post([LENGTH, 'Transfer-Encoding: chunked'], CHUNKED_BODY), status: 400 },
  { name: 'two lengths', sent: post([LENGTH, 'Content-Length: 1']), status: 400 },
  { name: 'two equal lengths', sent: post([LENGTH, LENGTH]), status: 400 },
  ...['1, 1', '+1', '0x1', '-1', '1 1', '1e1', '99999999999999999999'].map((value) => ({
    name: `Content-Length: ${value}`,
    sent: post([`Content-Length: ${value}`], '1'),
    status: 400,
  })),
  { name: 'a folded header line', sent: post([LENGTH, 'x-folded: one\r\n two']), status: 400 },
  { name: 'a space before the colon', sent: post([LENGTH, 'x-spaced : one']), status: 400 },
  { name: 'a bare LF after a header line', sent: post([LENGTH, 'x-one: 1\nx-two: 2']), status: 400 },
  { name: 'a bare CR in a header line', sent: post([LENGTH, 'x-one: 1\rx-two: 2']), status: 400 },
  { name: 'a NUL in a header', sent: post([LENGTH, 'x-nul: a\0b']), status: 400 },
  { name: 'a NUL in the target', sent: request('POST /bedrock/\0 HTTP/1.1', ['Host: g', KEY], ''), status: 400 },
  {
    name: 'bytes beyond ASCII in a header that travels',
    sent: post([LENGTH, 'x-amzn-bedrock-trace: \xe9']),
    status: 400,
  },
  { name: 'two content types', sent: post([LENGTH, 'Content-Type: text/plain']), status: 400 },
  { name: 'two targets of awsJson', sent: post([LENGTH, 'X-Amz-Target: a', 'X-Amz-Target: b']), status: 400 },
  { name: 'two bearer keys', sent: post([LENGTH, KEY]), status: 400 },
  { name: 'a head over 16 KiB', sent: post([LENGTH, `x-long: ${'a'.repeat(17 * 1024)}`]), status: 431 },
  {
    name: 'a head of 3,000 small lines',
    sent: post([LENGTH, ...Array.from({ length: 3000 }, (_, at) => `h${at}: 1`)]),
    status: 431,
  },
  {
    name: 'a target over 8 KiB',
    sent: request(`POST /bedrock/${'a'.repeat(9000)} HTTP/1.1`, ['Host: g', KEY], ''),
    status: 400,
  },
  {
    name: 'a dot segment',
    sent: request('POST /bedrock/../model/x/converse HTTP/1.1', ['Host: g', KEY], ''),
    status: 400,
  },
  {
    name: 'an authority in the path',
    sent: request('POST //evil.example/model/x HTTP/1.1', ['Host: g', KEY], ''),
    status: 404,
  },
  { name: 'a WebSocket', sent: post([LENGTH, 'Connection: Upgrade', 'Upgrade: websocket']), status: 501 },
  { name: 'an expectation nobody knows', sent: post([LENGTH, 'Expect: the-unexpected']), status: 417 },
  { name: 'a declared body over the bound', sent: post([`Content-Length: ${200 * MIB}`], ''), status: 413 },
  {
    name: 'a declared body over the bound of somebody who waits for 100 Continue',
    sent: post([`Content-Length: ${200 * MIB}`, 'Expect: 100-continue'], ''),
    status: 413,
  },
  { name: 'TRACE', sent: request(`TRACE ${PATH} HTTP/1.1`, ['Host: g', KEY], ''), status: 404 },
  { name: 'a method nobody knows', sent: request(`BREW ${PATH} HTTP/1.1`, ['Host: g', KEY], ''), status: 400 },
];

export const SERVED: readonly { name: string; sent: string }[] = [
  { name: 'chunked, in small chunks', sent: post(['Transfer-Encoding: chunked'], chunksOf(BODY, 3)) },
  { name: 'a chunk extension', sent: post(['Transfer-Encoding: chunked'], CHUNKED_BODY.replace('\r\n', ';a=b\r\n')) },
  {
    name: 'Upgrade: h2c',
    sent: post([LENGTH, 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA']),
  },
  {
    name: 'hop-by-hop names for headers of ours',
    sent: post([LENGTH, 'Connection: x-amz-date, authorization, x-api-key, host, content-type']),
  },
  {
    name: 'forwarding headers',
    sent: post([
      LENGTH,
      'X-Forwarded-Host: evil.example',
      'X-Original-URL: /bedrock/guardrails',
      'X-HTTP-Method-Override: DELETE',
      'Forwarded: host=evil.example',
    ]),
  },
  { name: 'a key of a lower rank that came twice', sent: post([LENGTH, 'x-api-key: a', 'x-api-key: b']) },
];

function chunksOf(text: string, size: number): string {
  const parts = text.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
  return `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;
}
