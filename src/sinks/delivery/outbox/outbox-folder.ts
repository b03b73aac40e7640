import path from 'node:path';
import type { OutboxDisk } from './disk.ts';
import { frameOf, nextFrame } from './frame.ts';

const SEGMENT_NAME = /^\d{8}\.seg$/;
const CURSOR_FILE = 'cursor';
const CURSOR_FORM = /^(\d{8}\.seg) (\d{1,15})\n$/;

/** A segment is read as a whole. */
const SEGMENT_BYTES_MAX = 4 * 1024 * 1024;

/** Lines that are to be delivered together. */
export interface OutboxBatch {
  readonly lines: readonly string[];
  /** They need not be kept any longer. */
  readonly done: () => void;
}

interface Segment {
  readonly file: string;
  readonly name: string;
  bytes: number;
}

interface OpenSegment {
  readonly segment: Segment;
  readonly bytes: Buffer;
}

/**
 * Lines in the order in which they came, in files of some megabytes. Only files that nothing more is added to are read;
 * how far the oldest has been delivered is written beside them, after every batch: what was delivered and not yet noted
 * when everything stopped is delivered once more.
 */
export class OutboxFolder {
  readonly #disk: OutboxDisk;
  readonly #folder: string;
  readonly #segments: Segment[] = [];
  #count = 0;
  #bytes = 0;
  /** The last segment, while lines are added to it. */
  #live: Segment | null = null;
  #open: OpenSegment | null = null;
  /** How much of the oldest segment is done with. */
  #doneBytes = 0;

  /** @throws what the disk throws */
  constructor(disk: OutboxDisk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
    for (const name of disk.list(folder).filter((found) => SEGMENT_NAME.test(found))) {
      const file = path.join(folder, name);
      const bytes = disk.size(file);
      this.#segments.push({ file, name, bytes });
      this.#count = Number(name.slice(0, 8));
      this.#bytes += bytes;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns how many of them can't be kept, for they are too long @throws what the disk throws: none is kept then */
  append(lines: readonly string[]): number {
    const frames = lines.map(frameOf).filter((frame) => frame !== null);
    const bytes = Buffer.concat(frames);
    const live = this.#live ?? this.#begin();
    try {
      this.#disk.append(live.file, bytes);
    } catch (error) {
      this.#takeBack(live);
      throw error;
    }
    live.bytes += bytes.length;
    this.#bytes += bytes.length;
    if (live.bytes >= SEGMENT_BYTES_MAX) this.#live = null;
    return lines.length - frames.length;
  }

  /** The oldest lines; null when there is none. The same again until they are done. @throws what the disk throws */
  async next(linesMax: number, bytesMax: number): Promise<OutboxBatch | null> {
    for (;;) {
      const open = this.#open ?? (await this.#openOldest());
      if (open === null) return null;
      const batch = this.#read(open, linesMax, bytesMax);
      if (batch !== null) return batch;
      this.#removeOldest();
    }
  }

  #read({ segment, bytes }: OpenSegment, linesMax: number, bytesMax: number): OutboxBatch | null {
    const lines: string[] = [];
    let end = this.#doneBytes;
    let found = nextFrame(bytes, end);
    while (found !== null && lines.length < linesMax) {
      if (lines.length > 0 && found.end - this.#doneBytes > bytesMax) break;
      lines.push(found.line);
      end = found.end;
      found = nextFrame(bytes, end);
    }
    if (lines.length === 0) return null;
    const isLast = found === null;
    return { lines, done: () => (isLast ? this.#removeOldest() : this.#note(segment, end)) };
  }

  async #openOldest(): Promise<OpenSegment | null> {
    const [segment] = this.#segments;
    if (segment === undefined) return null;
    if (segment === this.#live) this.#live = null;
    this.#doneBytes = await this.#noted(segment);
    this.#open = { segment, bytes: await this.#disk.read(segment.file) };
    return this.#open;
  }

  #begin(): Segment {
    this.#count += 1;
    const name = `${String(this.#count).padStart(8, '0')}.seg`;
    const segment = { file: path.join(this.#folder, name), name, bytes: 0 };
    this.#segments.push(segment);
    this.#live = segment;
    return segment;
  }

  /** A part may have been written. Where it can't be taken away either, it is passed over by who reads. */
  #takeBack(live: Segment): void {
    this.#live = null;
    try {
      this.#disk.truncate(live.file, live.bytes);
    } catch {
      // Then it stays.
    }
  }

  /** Where to go on, when this process has not read the segment from its beginning. */
  async #noted({ name }: Segment): Promise<number> {
    const text = await this.#disk.read(path.join(this.#folder, CURSOR_FILE)).catch(() => null);
    const [, noted, bytes] = CURSOR_FORM.exec(text?.toString('latin1') ?? '') ?? [];
    return noted === name ? Number(bytes) : 0;
  }

  #note({ name }: Segment, bytes: number): void {
    this.#doneBytes = bytes;
    try {
      this.#disk.write(path.join(this.#folder, CURSOR_FILE), `${name} ${bytes}\n`);
    } catch {
      // A disk that is full: after a restart the segment is delivered from an earlier place on.
    }
  }

  #removeOldest(): void {
    const segment = this.#segments.shift();
    this.#open = null;
    this.#doneBytes = 0;
    if (segment === undefined) return;
    this.#bytes -= segment.bytes;
    this.#disk.remove(segment.file);
  }
}
