import type { CallRecord, CallStart } from '../domain/call-record.ts';
import { encodeEnd, encodeStart } from '../domain/call-record-codec.ts';
import type { Refusal } from '../domain/errors.ts';
import { boundedRecord, boundedStart, hasFineNames, hasFineNumbers, isFineLine } from './bounded-record.ts';
import { FrameWriter } from './frame.ts';
import type { Reserve } from './reserve.ts';
import type { Room } from './room.ts';
import type { Segment, Segments } from './segments.ts';

/** A call that is over and waits for the store. */
export interface WaitingEnd {
  readonly record: CallRecord;
  /** Where it stands on the disk; null while the disk has not taken it. */
  segment: Segment | null;
}

interface OpenCall {
  readonly start: CallStart;
  /** Null while it is not written. */
  segment: Segment | null;
}

/** What has become of starts and ends that were written together. */
export interface Written {
  /** Where they stand on the disk. */
  readonly segments: readonly Segment[];
  /** Why the calls that would have begun with them can not; null where they have. */
  readonly refusal: Refusal | null;
}

/** What is gathered is written when it comes to this, in bytes. */
const GATHERED_BYTES_MAX = 64 * 1024;

export interface SpoolOptions {
  readonly segments: Segments;
  readonly reserve: Reserve;
  readonly room: Room;
  /** Ends kept in memory; what is more is read again from the disk when the store takes records. */
  readonly waitingEndsMax: number;
  /** Up to how much requests that were refused at once are recorded. */
  readonly refusalBytesMax: number;
  /** What may stay in a segment that nobody needs any more. */
  readonly keptBytesMax: number;
  /** From how much on the starts of long calls are written again, so that what is around them can go. */
  readonly tidyBytesMin: number;
}

/** The calls of this process: what has begun, what is over and waits, and where it stands on the disk. */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #open = new Map<string, OpenCall>();
  #waiting: WaitingEnd[] = [];
  /** Those of them that the disk has not taken. */
  readonly #unwritten = new Set<WaitingEnd>();
  /** What is written next, all at once. */
  readonly #frames = new FrameWriter();
  #starts: OpenCall[] = [];
  #ends: WaitingEnd[] = [];
  /** For what is written alone. */
  readonly #frame = new FrameWriter();
  #refusalsNotRecorded = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
  }

  get openCalls(): number {
    return this.#open.size;
  }

  get waitingEnds(): number {
    return this.#waiting.length;
  }

  /** Refused requests that could not be recorded because the spool was too full. */
  get refusalsNotRecorded(): number {
    return this.#refusalsNotRecorded;
  }

  /** Whether there is something for the store. */
  get hasWaiting(): boolean {
    return this.#waiting.length > 0 || this.#options.segments.list.some(({ spilled }) => spilled);
  }

  /** Whether nothing is left that a later process would have to look at. */
  get isDone(): boolean {
    return this.#open.size === 0 && !this.hasWaiting;
  }

  /** Whether so much is gathered that it should be written at once. */
  get isGatheredFull(): boolean {
    return this.#frames.length >= GATHERED_BYTES_MAX;
  }

  /** Gathers a start for the next `write`. @throws Refusal spoolFull */
  start(given: CallStart): void {
    const { segments, room } = this.#options;
    room.require(segments.bytes + this.#frames.length);
    const { value: start, line } = startLine(given);
    this.#frames.add(line);
    const call = { start, segment: null };
    this.#open.set(start.id, call);
    this.#starts.push(call);
  }

  /** Gathers an end for the next `write`. @returns false for that of a refused request for which there is no room */
  end(given: CallRecord): boolean {
    if (!this.#open.has(given.id) && !this.#hasRoomForRefusals()) {
      this.#refusalsNotRecorded += 1;
      return false;
    }
    const { value: record, line } = endLine(given);
    this.#frames.add(line);
    this.#ends.push({ record, segment: null });
    return true;
  }

  /** Writes what is gathered. What the disk does not take of ends stays in memory; starts are refused then. */
  write(): Written {
    const [starts, ends] = [this.#starts, this.#ends];
    if (starts.length === 0 && ends.length === 0) return NOTHING_WRITTEN;
    this.#starts = [];
    this.#ends = [];
    try {
      const segment = this.#options.segments.append(this.#frames);
      for (const call of starts) call.segment = segment;
      segment.openCalls += starts.length;
      for (const end of ends) this.#ended(end, segment);
      return { segments: [segment], refusal: null };
    } catch (error) {
      const refusal = this.#options.room.failed(error);
      for (const { start } of starts) this.#open.delete(start.id);
      return { segments: this.#writeEach(ends), refusal };
    } finally {
      this.#frames.clear();
    }
  }

  /** The oldest ends that wait, at most so many. They wait until `stored` is told. */
  oldestWaiting(countMax: number): readonly WaitingEnd[] {
    return this.#waiting.slice(0, countMax);
  }

  /** The store has the oldest of those that wait, so many. */
  stored(count: number): void {
    for (const end of this.#waiting.splice(0, count)) {
      if (end.segment === null) {
        this.#unwritten.delete(end);
        this.#close(end.record.id);
      } else {
        end.segment.waitingEnds -= 1;
      }
    }
    this.tidy();
  }

  /** A segment whose ends have to be read again; nothing is written to it any more. */
  oldestSpilled(): Segment | null {
    const { segments } = this.#options;
    const spilled = segments.list.find((segment) => segment.spilled) ?? null;
    if (spilled !== null) segments.seal(spilled);
    return spilled;
  }

  /** The store has all ends of a segment. */
  storedSpilled(segment: Segment): void {
    segment.spilled = false;
    this.tidy();
  }

  /** Writes what the disk has not taken before. */
  writeUnwritten(): void {
    for (const end of this.#unwritten) {
      const segment = this.#write(encodeEnd(end.record));
      if (segment === null) return;
      end.segment = segment;
      segment.waitingEnds += 1;
      this.#unwritten.delete(end);
      this.#close(end.record.id);
    }
  }

  /** Gives back space that nobody needs. */
  tidy(): void {
    const { segments, keptBytesMax, tidyBytesMin } = this.#options;
    segments.removeDone(keptBytesMax);
    const [oldest] = segments.list;
    if (oldest === undefined || segments.bytes < tidyBytesMin) return;
    const isHeldByStarts = oldest.sealed && oldest.openCalls > 0 && oldest.waitingEnds === 0 && !oldest.spilled;
    if (isHeldByStarts && this.#moveStarts(oldest)) segments.removeDone(keptBytesMax);
  }

  /** Requests that were refused before they began: whoever can send many of them must not be able to fill the spool. */
  #hasRoomForRefusals(): boolean {
    const { segments, room, refusalBytesMax } = this.#options;
    return !room.isFull && segments.bytes < refusalBytesMax;
  }

  /** Ends alone, because together with what else was gathered the disk has not taken them. */
  #writeEach(ends: readonly WaitingEnd[]): readonly Segment[] {
    const segments = new Set<Segment>();
    for (const end of ends) {
      const segment = this.#write(encodeEnd(end.record));
      this.#ended(end, segment);
      if (segment !== null) segments.add(segment);
    }
    return [...segments];
  }

  /** From here on it waits for the store. @param segment null where the disk has not taken it */
  #ended(end: WaitingEnd, segment: Segment | null): void {
    end.segment = segment;
    if (segment === null) this.#unwritten.add(end);
    else this.#close(end.record.id);
    this.#wait(end);
  }

  /** Writes the starts of a segment once more, at the end of the spool. */
  #moveStarts(from: Segment): boolean {
    for (const call of this.#open.values()) {
      if (call.segment !== from) continue;
      const segment = this.#write(encodeStart(call.start));
      if (segment === null) return false;
      call.segment = segment;
      segment.openCalls += 1;
      from.openCalls -= 1;
    }
    return true;
  }

  /** For what has to be written even when the disk is full: from the reserve then. */
  #write(line: string): Segment | null {
    const { segments, reserve, room } = this.#options;
    this.#frame.clear();
    this.#frame.add(line);
    for (;;) {
      try {
        return segments.append(this.#frame);
      } catch (error) {
        room.failed(error);
        if (!reserve.release(line.length)) return null;
      }
    }
  }

  #wait(end: WaitingEnd): void {
    const { segment } = end;
    if (segment !== null && this.#waiting.length >= this.#options.waitingEndsMax) {
      segment.spilled = true;
      return;
    }
    this.#waiting.push(end);
    if (segment !== null) segment.waitingEnds += 1;
  }

  #close(id: string): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    if (open.segment !== null) open.segment.openCalls -= 1;
    this.#open.delete(id);
  }
}

const NOTHING_WRITTEN: Written = { segments: [], refusal: null };

/** What is stored, and how it is written. */
interface Line<Value> {
  readonly value: Value;
  readonly line: string;
}

function startLine(start: CallStart): Line<CallStart> {
  const line = encodeStart(start);
  if (isFineLine(line) && hasFineNames(start.attribution)) return { value: start, line };
  const bounded = boundedStart(start);
  return { value: bounded, line: encodeStart(bounded) };
}

function endLine(record: CallRecord): Line<CallRecord> {
  const line = encodeEnd(record);
  const isFine = isFineLine(line) && hasFineNames(record.attribution) && hasFineNumbers(record);
  if (isFine) return { value: record, line };
  const bounded = boundedRecord(record);
  return { value: bounded, line: encodeEnd(bounded) };
}
