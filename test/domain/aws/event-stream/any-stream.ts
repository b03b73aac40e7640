import { codec } from './watch.ts';

type Random = (below: number) => number;

/** Frames as Bedrock sends them, made by AWS's codec: mostly small, some empty, some without headers. */
export function randomFrames(random: Random, count: number): readonly Buffer[] {
  return Array.from({ length: count }, () => {
    const body = Buffer.alloc(random(4) === 0 ? 0 : random(120), random(256));
    if (random(6) === 0) return Buffer.from(codec.encode({ headers: {}, body }));
    const headers = {
      ':message-type': { type: 'string', value: 'event' },
      ':event-type': { type: 'string', value: `event${random(9)}` },
      flag: { type: 'boolean', value: random(2) === 1 },
      count: { type: 'integer', value: random(1000) },
    } as const;
    return Buffer.from(codec.encode({ headers, body }));
  });
}

/** @returns ascending offsets, among them some next to each other and some at the ends. */
export function randomCuts(random: Random, length: number): readonly number[] {
  return Array.from({ length: random(8) }, () => random(length + 1)).sort((a, b) => a - b);
}

const LIES = [0, 3, 4, 15, 16, 17, 0xff, 0xffff, 0x01800000, 0x01800001, 0x7fffffff, 0xffffffff] as const;

/** Damages a stream in one to three places: bits, bytes, words that look like lengths, bytes lost, doubled or put in. */
export function mutate(random: Random, stream: Buffer): Buffer {
  let mutant: Buffer = Buffer.from(stream);
  for (let rounds = 1 + random(3); rounds > 0 && mutant.length > 4; rounds--) mutant = mutateOnce(random, mutant);
  return mutant;
}

function mutateOnce(random: Random, stream: Buffer): Buffer {
  const at = random(stream.length);
  const length = random(Math.min(40, stream.length - at) + 1);
  switch (random(6)) {
    case 0:
      stream.writeUInt8(stream.readUInt8(at) ^ (1 << random(8)), at);
      return stream;
    case 1:
      stream.writeUInt8(random(256), at);
      return stream;
    case 2:
      stream.writeUInt32BE(LIES[random(LIES.length)] ?? 0, Math.min(at, stream.length - 4));
      return stream;
    case 3:
      return Buffer.concat([stream.subarray(0, at), stream.subarray(at + length)]);
    case 4:
      return Buffer.concat([stream.subarray(0, at + length), stream.subarray(at)]);
    default:
      return Buffer.concat([stream.subarray(0, at), Buffer.alloc(length, random(256)), stream.subarray(at)]);
  }
}
