import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { bearerHeaders } from './callers.ts';
import { encodeRequest, streamBody } from './conversation.ts';
import type { StreamsJob, StreamsResult } from './jobs.ts';
import { ResponseReader } from './response-reader.ts';
import { DelayHistogram } from './statistics.ts';

/** What begins the text of a frame; the time it was made follows, in ms since the epoch with a fraction. */
const TEXT_START = Buffer.from('"text":"');
const FRAME_LENGTH_BYTES = 4;
/** Two lengths and two checksums: a frame without headers and payload. */
const FRAME_BYTES_MIN = 16;

interface FinishedStream {
  readonly requestId: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly openedMs: number;
  readonly endedMs: number;
}

/**
 * Opens many streams and reads them to their end, hashing every byte and timing every frame.
 * @throws Error when a stream is not answered 200, breaks, or has another number of frames than was asked for
 */
export async function loadStreams(job: StreamsJob): Promise<StreamsResult> {
  const body = streamBody({ frames: job.framesPerStream, intervalMs: job.intervalMs });
  const request = encodeRequest({ ...job, operation: 'converse-stream', credential: bearerHeaders(job.bearer), body });
  const delays = new DelayHistogram();
  const finished = await Promise.all(
    Array.from({ length: job.streams }, async (_, index) => {
      await setTimeout((index * job.rampMs) / job.streams);
      return readStream(job, request, delays);
    }),
  );
  const lastOpenedMs = Math.max(...finished.map(({ openedMs }) => openedMs));
  const firstEndedMs = Math.min(...finished.map(({ endedMs }) => endedMs));
  return {
    delayMs: {
      p50: delays.percentileMs(0.5),
      p99: delays.percentileMs(0.99),
      p999: delays.percentileMs(0.999),
      max: delays.maxMs,
    },
    frames: delays.count,
    allOpenMs: firstEndedMs - lastOpenedMs,
    streams: finished.map(({ requestId, sha256, bytes }) => ({ requestId, sha256, bytes })),
  };
}

function readStream(job: StreamsJob, request: Buffer, delays: DelayHistogram): Promise<FinishedStream> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let requestId = '';
    let openedMs = 0;
    let bytes = 0;
    let timedFrames = 0;
    let over = false;

    const frames = new FrameSplitter((frame) => {
      const madeMs = timeIn(frame);
      if (madeMs === undefined) return;
      delays.add(performance.timeOrigin + performance.now() - madeMs);
      timedFrames += 1;
    });
    const socket = connect({ port: job.port, host: '127.0.0.1', noDelay: true });
    const fail = (error: Error): void => {
      if (over) return;
      over = true;
      socket.destroy();
      reject(error);
    };
    const reader = new ResponseReader({
      head: ({ status, headers }) => {
        if (status !== 200) throw new Error(`A stream was answered ${status}: ${headers.get('x-amzn-errortype')}.`);
        requestId = headers.get('x-amzn-requestid') ?? '';
        openedMs = performance.now();
      },
      data: (piece) => {
        bytes += piece.length;
        hash.update(piece);
        frames.push(piece);
      },
      end: () => {
        if (timedFrames !== job.framesPerStream) {
          throw new Error(`A stream had ${timedFrames} frames instead of ${job.framesPerStream}.`);
        }
        over = true;
        socket.destroy();
        resolve({ requestId, sha256: hash.digest('hex'), bytes, openedMs, endedMs: performance.now() });
      },
    });
    socket.once('connect', () => socket.write(request));
    socket.on('data', (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`A stream broke after ${bytes} bytes.`)));
  });
}

/** Cuts an event stream into frames by the length each begins with; that the bytes are right is the hash's to say. */
class FrameSplitter {
  readonly #onFrame: (frame: Buffer) => void;
  #rest: Buffer | null = null;

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  push(piece: Buffer): void {
    let left = this.#rest === null ? piece : Buffer.concat([this.#rest, piece]);
    while (left.length >= FRAME_LENGTH_BYTES) {
      const frameBytes = left.readUInt32BE(0);
      if (frameBytes < FRAME_BYTES_MIN) throw new Error(`A frame says it has ${frameBytes} bytes.`);
      if (frameBytes > left.length) break;
      this.#onFrame(left.subarray(0, frameBytes));
      left = left.subarray(frameBytes);
    }
    this.#rest = left.length === 0 ? null : Buffer.from(left);
  }
}

/** Undefined for a frame without text, which has no time in it. */
function timeIn(frame: Buffer): number | undefined {
  const start = frame.indexOf(TEXT_START);
  if (start === -1) return undefined;
  const textStart = start + TEXT_START.length;
  return Number.parseFloat(frame.toString('latin1', textStart, textStart + 20));
}
