/** Answers as they stand on the wire, one character for each byte. */

export interface GoodAnswer {
  readonly name: string;
  /** Of the request it answers; POST where left out. */
  readonly method?: string;
  readonly wire: string;
  /** Whether the connection has to end for the answer to be whole. */
  readonly untilClose?: boolean;
  readonly status: number;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly reusable: boolean;
  readonly idleHintMs?: number;
  /** Other clients refuse it: it is longer than they allow, has an extension no grammar knows, or closes in a 1xx. */
  readonly onlyOurs?: boolean;
}

export interface BadAnswer {
  readonly name: string;
  readonly wire: string;
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;
const CHUNKED_HEADERS = ['transfer-encoding', 'chunked'];
/** The most a head may have, and the most trailers may. */
const HEAD_BYTES = 64 * 1024;
const TRAILER_BYTES = 64 * 1024;
const EXTENSION_BYTES = 16 * 1024;

/** A head of exactly so many bytes, without the empty line at its end. */
function headOf(bytes: number): string {
  const head = `${OK}content-length: 1\r\nx-long: `;
  return head + 'v'.repeat(bytes - head.length);
}

function counted(body: string, more: readonly string[] = []): Pick<GoodAnswer, 'wire' | 'headers' | 'body'> {
  const headers = ['content-length', String(body.length), ...more];
  let head = OK;
  for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  return { wire: `${head}\r\n${body}`, headers, body };
}

export const GOOD_ANSWERS: readonly GoodAnswer[] = [
  { name: 'a length', ...counted('hello'), status: 200, reusable: true },
  { name: 'a length of nothing', ...counted(''), status: 200, reusable: true },
  {
    name: 'a length with zeros before it',
    wire: `${OK}content-length: 0005\r\n\r\nhello`,
    status: 200,
    headers: ['content-length', '0005'],
    body: 'hello',
    reusable: true,
  },
  {
    name: 'all bytes there are in a body',
    ...counted(String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))),
    status: 200,
    reusable: true,
  },
  { name: 'a body that looks like an answer', ...counted(`${OK}\r\n\r\n0\r\n\r\n`), status: 200, reusable: true },
  {
    name: 'names as they were written, values without the blanks around them',
    wire: `${OK}X-Amzn-RequestId:\t id \t\r\nCONTENT-LENGTH:2\r\nx-empty:\r\nx-blank:   \r\n\r\nhi`,
    status: 200,
    headers: ['X-Amzn-RequestId', 'id', 'CONTENT-LENGTH', '2', 'x-empty', '', 'x-blank', ''],
    body: 'hi',
    reusable: true,
  },
  {
    name: 'every character a name may have',
    ...counted('', ["!#$%&'*+-.^_`|~09azAZ", 'v']),
    status: 200,
    reusable: true,
  },
  {
    name: 'bytes beyond ASCII in a value, a space that is none among them',
    ...counted('x', ['x-name', 'caf\xe9 \xff', 'x-space', '\xa0v\xa0']),
    status: 200,
    reusable: true,
  },
  {
    name: 'headers more than once, and such as look like framing',
    ...counted('x', ['set-cookie', 'a', 'set-cookie', 'b', 'x-encoding-transf', 'y', 'content-langth', '9']),
    status: 200,
    reusable: true,
  },
  {
    name: 'no reason phrase',
    wire: 'HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n',
    status: 200,
    headers: ['content-length', '0'],
    body: '',
    reusable: true,
  },
  {
    name: 'no reason phrase and no space before it',
    wire: 'HTTP/1.1 429\r\ncontent-length: 0\r\n\r\n',
    status: 429,
    headers: ['content-length', '0'],
    body: '',
    reusable: true,
  },
  {
    name: 'a status nobody knows',
    wire: 'HTTP/1.1 799 \xe9\ttoo\r\ncontent-length: 1\r\n\r\nx',
    status: 799,
    headers: ['content-length', '1'],
    body: 'x',
    reusable: true,
  },
  {
    name: 'chunks',
    wire: `${CHUNKED}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: 'hello world',
    reusable: true,
  },
  { name: 'no chunks', wire: `${CHUNKED}0\r\n\r\n`, status: 200, headers: CHUNKED_HEADERS, body: '', reusable: true },
  {
    name: 'chunk sizes in both cases and with zeros before them',
    wire: `${CHUNKED}00000000000A\r\n0123456789\r\nb\r\n0123456789-\r\n000\r\n\r\n`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: '01234567890123456789-',
    reusable: true,
  },
  {
    name: 'chunks with extensions',
    wire: `${CHUNKED}2;a\r\nhi\r\n3;a=b;c="d e\xff"\r\nyou\r\n0;last\r\n\r\n`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: 'hiyou',
    reusable: true,
    onlyOurs: true,
  },
  {
    name: 'a chunk with the longest extension there may be',
    wire: `${CHUNKED}2;${'e'.repeat(EXTENSION_BYTES - 1)}\r\nhi\r\n0\r\n\r\n`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: 'hi',
    reusable: true,
    onlyOurs: true,
  },
  {
    name: 'chunks with trailers, which are not passed on',
    wire: `${CHUNKED}2\r\nhi\r\n0\r\nx-checksum: 1\r\nX-Empty:\r\nx-more:\t2:3 \xe9\r\n\r\n`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: 'hi',
    reusable: true,
  },
  {
    name: 'the longest trailers there may be',
    wire: `${CHUNKED}0\r\nx: ${'t'.repeat(TRAILER_BYTES - 7)}\r\n\r\n`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: '',
    reusable: true,
    onlyOurs: true,
  },
  {
    name: 'chunks that hold what chunks are made of',
    wire: `${CHUNKED}7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: '0\r\n\r\n\r\n',
    reusable: true,
  },
  {
    name: 'an encoding in capitals',
    wire: `${OK}Transfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    status: 200,
    headers: ['Transfer-Encoding', 'Chunked'],
    body: 'x',
    reusable: true,
  },
  {
    name: '204',
    wire: 'HTTP/1.1 204 No Content\r\n\r\n',
    status: 204,
    headers: [],
    body: '',
    reusable: true,
  },
  {
    name: '304 with the length of what it does not send',
    wire: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n',
    status: 304,
    headers: ['content-length', '99'],
    body: '',
    reusable: true,
  },
  {
    name: 'HEAD with the length of what it does not send',
    method: 'HEAD',
    wire: `${OK}content-length: 99\r\n\r\n`,
    status: 200,
    headers: ['content-length', '99'],
    body: '',
    reusable: true,
  },
  {
    name: 'HEAD with chunks it does not send',
    method: 'HEAD',
    wire: CHUNKED,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: '',
    reusable: true,
  },
  {
    name: 'HEAD without a length',
    method: 'HEAD',
    wire: `${OK}\r\n`,
    status: 200,
    headers: [],
    body: '',
    reusable: true,
  },
  {
    name: '1xx before the answer, of which nobody hears',
    wire: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\nconnection: close\r\n\r\n${counted('hi').wire}`,
    status: 200,
    headers: ['content-length', '2'],
    body: 'hi',
    reusable: true,
    onlyOurs: true,
  },
  {
    name: 'a body until the connection ends',
    wire: `${OK}x: y\r\n\r\nall of it\r\n\r\n`,
    untilClose: true,
    status: 200,
    headers: ['x', 'y'],
    body: 'all of it\r\n\r\n',
    reusable: false,
  },
  {
    name: 'no body until the connection ends',
    wire: `${OK}\r\n`,
    untilClose: true,
    status: 200,
    headers: [],
    body: '',
    reusable: false,
  },
  {
    name: 'HTTP/1.0 with a length, whose connection is not used again whatever it says',
    wire: 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nhi',
    status: 200,
    headers: ['content-length', '2', 'connection', 'keep-alive'],
    body: 'hi',
    reusable: false,
  },
  {
    name: 'HTTP/1.0 without a length',
    wire: 'HTTP/1.0 200 OK\r\n\r\nhi',
    untilClose: true,
    status: 200,
    headers: [],
    body: 'hi',
    reusable: false,
  },
  { name: 'connection: close', ...counted('x', ['connection', 'close']), status: 200, reusable: false },
  {
    name: 'connection: close in a list',
    ...counted('x', ['Connection', 'x-y ,\tCLOSE , z']),
    status: 200,
    reusable: false,
  },
  {
    name: 'connection: close in the second of two headers',
    ...counted('x', ['connection', 'keep-alive', 'connection', 'close']),
    status: 200,
    reusable: false,
  },
  {
    name: 'a connection that is only like closed',
    ...counted('x', ['connection', 'closed']),
    status: 200,
    reusable: true,
  },
  {
    name: 'a hint how long the connection is kept',
    ...counted('x', ['connection', 'keep-alive', 'Keep-Alive', 'max=100, Timeout=7']),
    status: 200,
    reusable: true,
    idleHintMs: 7000,
  },
  { name: 'a hint without a number', ...counted('x', ['keep-alive', 'timeout=soon']), status: 200, reusable: true },
  { name: 'a hint about something else', ...counted('x', ['keep-alive', 'xtimeout=5']), status: 200, reusable: true },
  {
    name: 'more than was asked for, so that the connection is not used again',
    ...counted('hi'),
    wire: `${counted('hi').wire}HTTP/1.1 200 OK\r\n`,
    status: 200,
    reusable: false,
  },
  {
    name: 'a byte behind the last chunk',
    wire: `${CHUNKED}0\r\n\r\n\r`,
    status: 200,
    headers: CHUNKED_HEADERS,
    body: '',
    reusable: false,
  },
  {
    name: '204 with a body it must not have',
    wire: 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nhi',
    status: 204,
    headers: ['content-length', '2'],
    body: '',
    reusable: false,
  },
  {
    name: 'the longest head there may be',
    wire: `${headOf(HEAD_BYTES)}\r\n\r\nx`,
    status: 200,
    headers: ['content-length', '1', 'x-long', headOf(HEAD_BYTES).replace(/^[^v]*x-long: /, '')],
    body: 'x',
    reusable: true,
    onlyOurs: true,
  },
];

const bad = (name: string, wire: string): BadAnswer => ({ name, wire });
const badLength = (length: string) => bad(`the length "${length}"`, `${OK}content-length: ${length}\r\n\r\nhello`);
const badEncoding = (encoding: string) =>
  bad(`the encoding "${encoding}"`, `${OK}transfer-encoding: ${encoding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
const badStart = (line: string) => bad(`first line ${JSON.stringify(line)}`, `${line}\r\ncontent-length: 0\r\n\r\n`);
const badField = (name: string, field: string) => bad(name, `${OK}${field}\r\ncontent-length: 0\r\n\r\n`);
const badChunks = (name: string, chunks: string) => bad(name, `${CHUNKED}${chunks}`);

export const BAD_ANSWERS: readonly BadAnswer[] = [
  bad('both a length and chunks', `${OK}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
  bad('both chunks and a length', `${OK}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`),
  bad('two lengths', `${OK}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`),
  bad('the same length twice', `${OK}content-length: 5\r\nContent-Length: 5\r\n\r\nhello`),
  bad('two encodings', `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
  bad(
    'both lengths where there is no body',
    'HTTP/1.1 204 x\r\ncontent-length: 0\r\ntransfer-encoding: chunked\r\n\r\n',
  ),
  ...['', '+5', '-5', '0x5', '5,5', '5, 5', '5.0', '5e0', '5 5', '\xb25', 'five', '1234567890123456'].map(badLength),
  ...['', 'gzip', 'identity', 'gzip, chunked', 'chunked, chunked', 'chunked;q=1', 'xchunked', 'chunked\x0b'].map(
    badEncoding,
  ),
  bad('HTTP/1.0 with chunks', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
  ...[
    'HTTP/2 200 OK',
    'HTTP/2.0 200 OK',
    'HTTP/0.9 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/1.10 200 OK',
    'http/1.1 200 OK',
    'ICY 200 OK',
    'GET / HTTP/1.1',
    'SSH-2.0-OpenSSH',
    '',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200 OK',
    'HTTP/1.1200 OK',
    'HTTP/1.1 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 000 OK',
    'HTTP/1.1 099 OK',
    'HTTP/1.1 +20 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1 200 O\0K',
    'HTTP/1.1 200 O\x7fK',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 200 O\nK',
    'HTTP/1.1 101 Switching Protocols',
  ].map(badStart),
  bad('no headers, and lines that end in LF', 'HTTP/1.1 200 OK\ncontent-length: 0\n\nHTTP/1.1 200 OK\r\n\r\n'),
  badField('a line that ends in LF', 'a: b\nc: d'),
  badField('a line that ends in CR', 'a: b\rc: d'),
  badField('a value that ends in CR', 'a: b\r'),
  badField('a value with NUL', 'a: b\0c'),
  badField('a value with DEL', 'a: b\x7f'),
  badField('a value with another control character', 'a: b\x0bc'),
  badField('a line that goes on the one before', 'a: b\r\n c'),
  badField('a line that goes on the one before, by a tab', 'a: b\r\n\tc: d'),
  badField('a first line that goes on the first line', ' a: b'),
  badField('a space before the colon', 'a : b'),
  badField('a tab before the colon', 'transfer-encoding\t: chunked'),
  badField('a line without a colon', 'garbage'),
  badField('a line without a name', ': b'),
  badField('a name in brackets', '(a): b'),
  badField('a name with a byte beyond ASCII', 'caf\xe9: b'),
  badField('a name with NUL', 'a\0: b'),
  badField('a name with a CR', 'a\r: b'),
  badField('a line without a colon before one with', 'garbage\r\na: b'),
  bad('a head of one byte too many', `${headOf(HEAD_BYTES + 1)}\r\n\r\nx`),
  bad('a head that never ends', `${headOf(HEAD_BYTES)}vvvv`),
  bad('too long a head without an end in its lines', 'H'.repeat(HEAD_BYTES + 4)),
  bad('1xx that is not well-formed', `HTTP/1.1 100 Continue\r\na : b\r\n\r\n${counted('hi').wire}`),
  bad('101 after 100', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n`),
  badChunks('a chunk size without digits', '\r\nhi\r\n0\r\n\r\n'),
  badChunks('an extension without a chunk size', ';a=b\r\nhi\r\n0\r\n\r\n'),
  badChunks('a chunk size of too many digits', '0000000000002\r\nhi\r\n0\r\n\r\n'),
  badChunks('a chunk size beyond all numbers', 'ffffffffffffffff1\r\nhi'),
  ...['-2', '+2', '0x2', '2 ', ' 2', '\t2', '2\t', 'g', '2g', '2,', '2.0', '\xb2', '2\0', '2 ;a'].map((size) =>
    badChunks(`the chunk size ${JSON.stringify(size)}`, `${size}\r\nhi\r\n0\r\n\r\n`),
  ),
  badChunks('a chunk size that ends in LF', '2\nhi\r\n0\r\n\r\n'),
  badChunks('a chunk size that ends in CR', '2\rhi\r\n0\r\n\r\n'),
  badChunks('a last chunk that ends in LF', '2\r\nhi\r\n0\n\r\n'),
  badChunks('a chunk longer than its size', '2\r\nhiya\r\n0\r\n\r\n'),
  badChunks('a chunk without a CRLF behind it', '2\r\nhi0\r\n\r\n'),
  badChunks('a chunk with LF behind it', '2\r\nhi\n0\r\n\r\n'),
  badChunks('a chunk with CR behind it', '2\r\nhi\r0\r\n\r\n'),
  badChunks('an extension with LF', '2;a\nb\r\nhi\r\n0\r\n\r\n'),
  badChunks('an extension with CR', '2;a\rb\r\nhi\r\n0\r\n\r\n'),
  badChunks('an extension with NUL', '2;a\0b\r\nhi\r\n0\r\n\r\n'),
  badChunks('an extension of one byte too many', `2;${'e'.repeat(EXTENSION_BYTES)}\r\nhi\r\n0\r\n\r\n`),
  badChunks('trailers of one byte too many', `0\r\nx: ${'t'.repeat(TRAILER_BYTES - 6)}\r\n\r\n`),
  badChunks('trailers that never end', `0\r\n${'x: y\r\n'.repeat(Math.ceil(TRAILER_BYTES / 6))}`),
  badChunks('a trailer that ends in LF', '0\r\nx: y\n\r\n'),
  badChunks('trailers that end in LF', '0\r\nx: y\r\n\n'),
  badChunks('a trailer with CR', '0\r\nx: y\rz\r\n\r\n'),
  badChunks('a trailer with NUL', '0\r\nx: \0\r\n\r\n'),
  badChunks('a trailer without a name', '0\r\n: y\r\n\r\n'),
  badChunks('a trailer with a space in its name', '0\r\nx y: z\r\n\r\n'),
  badChunks('a trailer without a colon', '0\r\nx\r\n\r\n'),
  badChunks('an answer where trailers may be', `0\r\n${counted('hi').wire}`),
  badChunks('LF behind the last chunk', '0\r\n\n'),
];
