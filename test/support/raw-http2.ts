import { once } from 'node:events';
import type { Socket } from 'node:net';
import { openSocket } from './raw-http1.ts';

/** HTTP/2 by hand, for what node's client would never send. RFC 9113. */

export const FRAME_TYPE = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;
export const FLAG = { endStream: 0x1, endHeaders: 0x4 } as const;

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function encodeHttp2Frame({ type, flags, streamId, payload }: Http2Frame): Buffer {
  const frame = Buffer.alloc(9 + payload.length);
  frame.writeUIntBE(payload.length, 0, 3);
  frame.writeUInt8(type, 3);
  frame.writeUInt8(flags, 4);
  frame.writeUInt32BE(streamId, 5);
  frame.set(payload, 9);
  return frame;
}

/** A header block of literals only (RFC 7541, 6.2.2), so that no table has to be kept. */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** RFC 7541, 5.1, with a prefix of seven bits. */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const octets = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  octets.push(rest);
  return Buffer.from(octets);
}

/** The frames that are whole in these bytes. */
function decodeHttp2Frames(bytes: Buffer): readonly Http2Frame[] {
  const frames: Http2Frame[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      streamId: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

/** A connection that has sent its preface and empty settings, and what has been heard on it so far. */
export interface RawHttp2 {
  readonly socket: Socket;
  send(frame: Http2Frame): void;
  headers(streamId: number, fields: readonly (readonly [string, string])[], flags: number): void;
  frames(): readonly Http2Frame[];
  /** Resolves when the condition holds of the frames that arrived, or when the connection is closed. */
  until(condition: (frames: readonly Http2Frame[]) => boolean): Promise<void>;
  closed(): Promise<void>;
}

export async function openRawHttp2(origin: string): Promise<RawHttp2> {
  const socket = await openSocket(origin);
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => (bytes = Buffer.concat([bytes, chunk])));
  const send = (frame: Http2Frame): void => {
    if (socket.writable) socket.write(encodeHttp2Frame(frame));
  };
  socket.write(PREFACE);
  send({ type: FRAME_TYPE.settings, flags: 0, streamId: 0, payload: Buffer.alloc(0) });
  return {
    socket,
    send,
    headers: (streamId, fields, flags) =>
      send({ type: FRAME_TYPE.headers, flags: flags | FLAG.endHeaders, streamId, payload: headerBlock(fields) }),
    frames: () => decodeHttp2Frames(bytes),
    closed: async () => {
      if (!socket.closed) await once(socket, 'close');
    },
    until: async (condition) => {
      while (!socket.destroyed && !condition(decodeHttp2Frames(bytes))) {
        await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      }
    },
  };
}

/** How a stream ended: the first byte of its header block (0x88 is 200, 0x8c is 400), or the code of its reset. */
export function endingOf(frames: readonly Http2Frame[], streamId: number): string | undefined {
  for (const frame of frames) {
    if (frame.streamId !== streamId) continue;
    if (frame.type === FRAME_TYPE.headers) return STATUS_BY_INDEX[frame.payload[0] ?? 0] ?? 'other status';
    if (frame.type === FRAME_TYPE.rstStream) return `reset ${frame.payload.readUInt32BE(0)}`;
  }
  return undefined;
}

/** RFC 7541, appendix A. */
const STATUS_BY_INDEX: Readonly<Record<number, string>> = {
  0x88: '200',
  0x8c: '400',
  0x8d: '404',
  0x8e: '500',
};
