import { type CallNote, decodeCall } from '../domain/call-record-codec.ts';
import type { Disk } from './disk.ts';
import { FrameReader } from './frame.ts';

/** What was found in a segment beside notes. */
export interface SegmentDamage {
  /** Bytes in the middle that are no frame. */
  damagedBytes: number;
  /** Bytes at the end: what was being written when everything stopped. */
  tornBytes: number;
  /** Whole frames that hold nothing this version knows. */
  unknownLines: number;
}

/** The notes of a segment in the order in which they were written, a few hundred at a time. */
export async function* readSegment(
  disk: Disk,
  file: string,
  damage: SegmentDamage,
): AsyncGenerator<readonly CallNote[], void> {
  const frames = new FrameReader();
  const notesOf = (lines: readonly string[]): readonly CallNote[] => {
    const notes = lines.map(decodeCall).filter((note) => note !== null);
    damage.unknownLines += lines.length - notes.length;
    return notes;
  };
  for await (const piece of disk.read(file)) yield notesOf(frames.push(piece));
  yield notesOf(frames.end());
  damage.damagedBytes += frames.damagedBytes;
  damage.tornBytes += frames.tornBytes;
}
