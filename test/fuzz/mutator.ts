type Random = (below: number) => number;

/** Pieces that parsers care about. */
const TOKENS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '0',
  '-1',
  'ffffffffffffffff',
  '%2e%2e',
  '%2F',
  '/../',
  '//',
  '?',
  '#',
  '\\',
  '\u00ff',
  'HTTP/1.1',
  'HTTP/1.0',
  'GET / HTTP/1.1\r\nHost: g\r\n\r\n',
  'Host: h\r\n',
  'Content-Length: 0\r\n',
  'Content-Length: 99\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\n',
  'Expect: 100-continue\r\n',
  'Trailer: x\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
].map((token) => Buffer.from(token, 'latin1'));

/** Damages bytes in one to four places, none of them before `from`. The same random numbers give the same damage. */
export function mutate(random: Random, bytes: Buffer, from: number, others: readonly Buffer[]): Buffer {
  let mutant: Buffer = Buffer.from(bytes);
  for (let rounds = 1 + random(4); rounds > 0 && mutant.length > from + 1; rounds -= 1) {
    mutant = mutateOnce(random, mutant, from, others);
  }
  return mutant;
}

function mutateOnce(random: Random, bytes: Buffer, from: number, others: readonly Buffer[]): Buffer {
  const at = from + random(bytes.length - from);
  const length = random(Math.min(64, bytes.length - at) + 1);
  const before = bytes.subarray(0, at);
  switch (random(8)) {
    case 0:
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
      return bytes;
    case 1:
      bytes.writeUInt8(random(256), at);
      return bytes;
    case 2:
      return Buffer.concat([before, bytes.subarray(at + length)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([before, TOKENS[random(TOKENS.length)] ?? Buffer.alloc(0), bytes.subarray(at)]);
    case 5:
      return Buffer.concat([before, TOKENS[random(TOKENS.length)] ?? Buffer.alloc(0), bytes.subarray(at + length)]);
    case 6: {
      const other = others[random(others.length)] ?? bytes;
      return Buffer.concat([before, other.subarray(random(other.length))]);
    }
    default:
      return before;
  }
}
