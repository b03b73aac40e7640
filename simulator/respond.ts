import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from './answers/answer.ts';
import { exceptionFrame } from './event-stream.ts';
import type { BrokenEnding, Fault } from './faults.ts';
import type { Ending } from './ledger.ts';
import type { Ticker } from './ticker.ts';

/** Writes an answer to its socket: at its pace, under backpressure, and broken where a fault says so. */

interface Responding {
  readonly answer: Answer;
  readonly faults: readonly Fault[];
  readonly ticker: Ticker;
  /** Called with each piece of the body as it is handed to the socket. */
  sent(piece: Buffer): void;
  /** Called once, when the answer is over as far as the simulator is concerned. */
  ended(ending: Ending): void;
}

/** Where and how a body ends before its time. */
interface Cut {
  readonly afterBytes: number;
  readonly afterFrames: number;
  /** Half of the next frame follows. */
  readonly half: boolean;
  /** A last frame that does not belong to the answer. */
  readonly lastFrame: Buffer | undefined;
  readonly ending: BrokenEnding;
}

const UNSOLICITED =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"unsolicited": true}';
const UNSOLICITED_AFTER_MS = 10;

/** Writes the whole answer: headers now, the body as fast as the answer's interval and the client allow. */
export function respond(response: ServerResponse, responding: Responding): void {
  const { answer, faults } = responding;
  const cut = cutOf(faults);
  const isSized = answer.stream === undefined || faults.some(({ kind }) => kind === 'content-length');
  const pieces = isSized ? [...answer.pieces] : answer.pieces;
  response.writeHead(answer.status, { ...answer.headers, ...(isSized ? sizeHeader(pieces, cut) : {}) });

  const unsolicited = faults.find((fault) => fault.kind === 'unsolicited');
  if (unsolicited !== undefined) scheduleUnsolicited(response, unsolicited.bytes, unsolicited.afterMs);

  const body = new Body(response, pieces[Symbol.iterator](), cut, responding);
  const intervalMs = answer.stream?.intervalMs ?? 0;
  if (intervalMs === 0) {
    body.writeAll();
    return;
  }
  // A paced stream shows its headers at once, as Bedrock does, not together with its first frame.
  response.flushHeaders();
  const stop = responding.ticker.every(intervalMs, () => body.step());
  response.once('close', stop);
}

/** Ends a connection that has not answered. */
export function breakOff(socket: Socket, ending: Exclude<BrokenEnding, 'clean'>): void {
  if (ending === 'reset') socket.resetAndDestroy();
  else if (ending === 'fin') socket.destroySoon();
}

class Body {
  readonly #response: ServerResponse;
  readonly #pieces: Iterator<Buffer>;
  readonly #cut: Cut | undefined;
  readonly #responding: Responding;
  #bytes = 0;
  #frames = 0;
  #isOver = false;

  constructor(response: ServerResponse, pieces: Iterator<Buffer>, cut: Cut | undefined, responding: Responding) {
    this.#response = response;
    this.#pieces = pieces;
    this.#cut = cut;
    this.#responding = responding;
  }

  writeAll(): void {
    while (!this.#response.writableNeedDrain) if (!this.step()) return;
    this.#response.once('drain', () => this.writeAll());
  }

  /** Writes one piece if the client takes it; false when the body is over. */
  step(): boolean {
    if (this.#isOver || this.#response.destroyed) return false;
    if (this.#response.writableNeedDrain) return true;
    if (this.#cut !== undefined && this.#frames >= this.#cut.afterFrames && !this.#cut.half)
      return this.#break(this.#cut);

    const next = this.#pieces.next();
    if (next.done === true) return this.#complete();
    const piece = this.#cut === undefined ? next.value : this.#shorten(next.value, this.#cut);
    this.#write(piece);
    this.#frames += 1;
    if (this.#cut !== undefined && piece !== next.value) return this.#break(this.#cut);
    return true;
  }

  #shorten(piece: Buffer, cut: Cut): Buffer {
    if (cut.half && this.#frames >= cut.afterFrames) return piece.subarray(0, Math.floor(piece.length / 2));
    const bytesLeft = cut.afterBytes - this.#bytes;
    return piece.length > bytesLeft ? piece.subarray(0, bytesLeft) : piece;
  }

  #write(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#bytes += piece.length;
    this.#response.write(piece);
    this.#responding.sent(piece);
  }

  #complete(): false {
    this.#isOver = true;
    this.#response.end();
    return false;
  }

  #break(cut: Cut): false {
    this.#isOver = true;
    if (cut.lastFrame !== undefined) this.#write(cut.lastFrame);
    if (cut.ending === 'clean') {
      this.#responding.ended('fault');
      this.#response.end();
    } else if (cut.ending === 'stall') {
      this.#response.flushHeaders();
    } else {
      this.#breakConnection(cut.ending);
    }
    return false;
  }

  // What was written before must be out first, or the client sees an earlier cut than was asked for.
  #breakConnection(ending: 'reset' | 'fin'): void {
    const { socket } = this.#response;
    this.#responding.ended('fault');
    this.#response.flushHeaders();
    socket?.write('', () => breakOff(socket, ending));
  }
}

function cutOf(faults: readonly Fault[]): Cut | undefined {
  for (const fault of faults) {
    const never = { afterBytes: Infinity, afterFrames: Infinity, half: false, lastFrame: undefined };
    if (fault.kind === 'cut') {
      const { afterBytes = Infinity, afterFrames = Infinity, ending } = fault;
      return { ...never, afterBytes, afterFrames, ending };
    }
    if (fault.kind === 'truncated-frame')
      return { ...never, afterFrames: fault.afterFrames, half: true, ending: 'clean' };
    if (fault.kind === 'exception-frame') {
      const lastFrame = exceptionFrame(fault.exception, fault.message ?? 'A fault was injected.');
      return { ...never, afterFrames: fault.afterFrames, lastFrame, ending: 'clean' };
    }
  }
  return undefined;
}

/** The announced size: the whole body's, except for a clean cut, which has to look complete. */
function sizeHeader(pieces: Iterable<Buffer>, cut: Cut | undefined): Readonly<Record<string, number>> {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return { 'content-length': cut?.ending === 'clean' ? Math.min(bytes, cut.afterBytes) : bytes };
}

function scheduleUnsolicited(response: ServerResponse, bytes = UNSOLICITED, afterMs = UNSOLICITED_AFTER_MS): void {
  const { socket } = response;
  response.once('finish', () => {
    const timer = setTimeout(() => {
      if (socket?.writable === true) socket.write(bytes);
    }, afterMs);
    socket?.once('close', () => clearTimeout(timer));
  });
}
