import path from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import type { FrameWriter } from './frame.ts';

export const SEGMENT_NAME = /^\d{8}\.seg$/;

/** One file of a spool, and why it is still needed. */
export interface Segment {
  readonly name: string;
  readonly file: DiskFile;
  bytes: number;
  sealed: boolean;
  /** Calls whose start stands here and whose end stands nowhere yet. */
  openCalls: number;
  /** Ends that stand here and wait in memory for the store. */
  waitingEnds: number;
  /** Ends that stand here wait too, but not in memory: they have to be read again. */
  spilled: boolean;
}

export interface SegmentsOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly segmentBytesMax: number;
  /** Called with a file that nothing more will be written to: closes it. */
  readonly seal: (file: DiskFile) => void;
  /** Called after a segment has been made. */
  readonly begun: () => void;
}

/** The files of one spool. Frames are only ever added to the last one. */
export class Segments {
  readonly #options: SegmentsOptions;
  /** The oldest first. */
  #list: readonly Segment[] = [];
  #count = 0;
  #bytes = 0;

  constructor(options: SegmentsOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get list(): readonly Segment[] {
    return this.#list;
  }

  /**
   * Writes frames, all into one segment: when this returns, they outlive the process.
   * @throws what the disk throws; nothing of them can be read back then.
   */
  append({ bytes, length }: FrameWriter): Segment {
    let current = this.#list.at(-1);
    if (current === undefined || current.sealed || current.bytes + length > this.#options.segmentBytesMax) {
      const next = this.#begin();
      if (current !== undefined) this.seal(current);
      current = next;
    }
    writeWhole(current, bytes, length);
    current.bytes += length;
    this.#bytes += length;
    return current;
  }

  /** What is written next begins a new segment. */
  seal(segment: Segment): void {
    if (segment.sealed) return;
    segment.sealed = true;
    this.#options.seal(segment.file);
  }

  pathOf(segment: Segment): string {
    return path.join(this.#options.folder, segment.name);
  }

  /** Takes away what nobody needs any more: whole segments, and what stands in the one that is being written. */
  removeDone(keptBytesMax: number): void {
    for (const segment of this.#list) {
      const isNeeded = segment.openCalls > 0 || segment.waitingEnds > 0 || segment.spilled;
      if (isNeeded) continue;
      if (segment.sealed) this.#remove(segment);
      else if (segment.bytes > keptBytesMax) this.#empty(segment);
    }
  }

  #begin(): Segment {
    const { disk, folder, begun } = this.#options;
    const name = `${String(this.#count + 1).padStart(8, '0')}.seg`;
    const file = disk.create(path.join(folder, name));
    this.#count += 1;
    const segment: Segment = { name, file, bytes: 0, sealed: false, openCalls: 0, waitingEnds: 0, spilled: false };
    this.#list = [...this.#list, segment];
    begun();
    return segment;
  }

  #remove(segment: Segment): void {
    this.#options.disk.remove(this.pathOf(segment));
    this.#list = this.#list.filter((kept) => kept !== segment);
    this.#bytes -= segment.bytes;
  }

  #empty(segment: Segment): void {
    segment.file.truncate(0);
    this.#bytes -= segment.bytes;
    segment.bytes = 0;
  }
}

/** A disk that fills up may take a part. That part is taken back, and what is written next stands in its place. */
function writeWhole({ file, bytes: position }: Segment, bytes: Buffer, length: number): void {
  try {
    let written = file.write(bytes, length, position);
    while (written < length) {
      const more = file.write(bytes.subarray(written), length - written, position + written);
      if (more === 0) throw new Error('The disk takes nothing more.');
      written += more;
    }
  } catch (error) {
    try {
      file.truncate(position);
    } catch {
      // Then the part stays, and is skipped by whoever reads.
    }
    throw error;
  }
}
