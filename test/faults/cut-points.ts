/** Twenty places at which a stream of frames can break, from the first byte of its body to the end of its last frame. */

export interface CutPoint {
  readonly name: string;
  /** Bytes of the body that are sent. */
  readonly bytes: number;
  /** Whole frames that are sent. */
  readonly frames: number;
  /** Whether the bytes sent end with a whole frame, so that a client can read another one. */
  readonly atBoundary: boolean;
}

/** @param stream a whole answer body of at least six frames. */
export function cutPointsOf(stream: Buffer): readonly CutPoint[] {
  const starts = frameStarts(stream);
  const last = starts.length - 1;
  const middle = Math.floor(last / 2);
  const boundary = (frame: number, name: string): CutPoint => ({
    name,
    bytes: starts[frame] ?? stream.length,
    frames: frame,
    atBoundary: true,
  });
  const inside = (frame: number, offset: number, name: string): CutPoint => ({
    name: `${name} of frame ${frame}`,
    bytes: (starts[frame] ?? 0) + offset,
    frames: frame,
    atBoundary: false,
  });
  const payloadStart = (frame: number) => 12 + stream.readUInt32BE((starts[frame] ?? 0) + 4);
  const length = (frame: number) => stream.readUInt32BE(starts[frame] ?? 0);
  return [
    boundary(0, 'after the head, before any byte of the body'),
    inside(0, 1, 'after the first byte'),
    inside(0, 4, 'after the length word'),
    inside(0, 6, 'inside the prelude'),
    inside(0, 10, 'inside the CRC of the prelude'),
    inside(0, 12, 'between the prelude and the headers'),
    inside(0, 20, 'inside the headers'),
    inside(0, payloadStart(0), 'between the headers and the payload'),
    inside(0, payloadStart(0) + 5, 'inside the payload'),
    inside(0, length(0) - 2, 'inside the CRC'),
    boundary(1, 'after the first frame'),
    inside(1, 2, 'inside the length word'),
    inside(1, payloadStart(1) + 3, 'inside the payload'),
    boundary(2, 'after the second frame'),
    boundary(middle, 'after the frame in the middle'),
    inside(middle, 30, 'inside the headers'),
    inside(middle, length(middle) - 1, 'one byte before the end'),
    boundary(last, 'before the last frame'),
    inside(last, 11, 'inside the CRC of the prelude'),
    inside(last, length(last) - 1, 'one byte before the end'),
    boundary(last + 1, 'after the last frame, before the end of the body'),
  ];
}

/** Offsets of the first byte of each frame. */
function frameStarts(stream: Buffer): readonly number[] {
  const starts: number[] = [];
  for (let at = 0; at < stream.length; at += stream.readUInt32BE(at)) starts.push(at);
  return starts;
}
