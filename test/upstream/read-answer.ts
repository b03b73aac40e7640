import { HttpFault } from '../../src/http1/http-fault.ts';
import { AnswerReader } from '../../src/upstream/http1/answer-reader.ts';

/** What a reader made of some bytes. */
export interface ReadAnswer {
  readonly heads: readonly { readonly status: number; readonly headers: readonly string[] }[];
  /** All pieces in one, one character for each byte. */
  readonly body: string;
  readonly outcome: 'whole' | 'unfinished' | 'refused';
  /** Null while nothing said so. */
  readonly reusable: boolean | null;
  readonly idleHintMs: number | null;
}

/**
 * Gives an answer to a reader piece by piece, and then the end of the connection.
 * @throws whatever is no HttpFault
 */
export function readAnswer(pieces: readonly Buffer[], method = 'POST'): ReadAnswer {
  const heads: { status: number; headers: readonly string[] }[] = [];
  let body = '';
  const reader = new AnswerReader({
    head: (status, headers) => heads.push({ status, headers }),
    data: (chunk) => {
      if (chunk.length === 0) throw new Error('A piece of a body is empty.');
      if (heads.length !== 1) throw new Error('A piece of a body came without its head.');
      body += chunk.toString('latin1');
    },
  });
  reader.expect(method);
  const read = (outcome: ReadAnswer['outcome']): ReadAnswer => {
    const isKnown = outcome === 'whole';
    return {
      heads,
      body,
      outcome,
      reusable: isKnown ? reader.reusable : null,
      idleHintMs: isKnown ? reader.idleHintMs : null,
    };
  };
  try {
    for (const piece of pieces) reader.push(piece);
  } catch (error) {
    if (error instanceof HttpFault) return read('refused');
    throw error;
  }
  return read(reader.close() ? 'whole' : 'unfinished');
}

export function bytesOf(wire: string): Buffer {
  return Buffer.from(wire, 'latin1');
}

/** Cuts bytes at random places into one to `piecesMax` pieces, some of them of a single byte. */
export function cutAtRandom(random: (below: number) => number, bytes: Buffer, piecesMax: number): readonly Buffer[] {
  const cuts = Array.from({ length: random(piecesMax) }, () => {
    const at = random(bytes.length + 1);
    return random(3) === 0 ? [at, at + 1] : [at];
  });
  const places = [0, ...cuts.flat().sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index] ?? 0, end));
}
