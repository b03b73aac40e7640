import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CallRecord, CallStart } from '../domain/call-record.ts';
import type { Log } from '../ports.ts';
import type { Disk } from './disk.ts';
import { SEGMENT_NAME } from './segments.ts';
import { readSegment, type SegmentDamage } from './spool-reader.ts';
import type { StoreWriter } from './store-writer.ts';
import { unknownEnd } from './unknown-end.ts';

export interface ReplayOptions {
  readonly disk: Disk;
  readonly writer: StoreWriter;
  readonly batchCallsMax: number;
  readonly log: Log;
}

/** `stopped`: not everything has been stored. `damaged`: all that can be read has been. */
export type Replayed = 'whole' | 'damaged' | 'stopped';

/**
 * Stores what a process has left behind that is no more: the ends that are on the disk and, for each start without one,
 * that its end is unknown. Stopped at any moment, it can be done again. Between batches others have their turn.
 */
export async function replayFolder(folder: string, options: ReplayOptions): Promise<Replayed> {
  const { disk, log } = options;
  const open = new Map<string, CallStart>();
  const batch = new Batch(options);
  const damage: SegmentDamage = { damagedBytes: 0, tornBytes: 0, unknownLines: 0 };
  let ended = 0;
  for (const name of disk.list(folder).filter((found) => SEGMENT_NAME.test(found))) {
    for await (const notes of readSegment(disk, path.join(folder, name), damage)) {
      for (const note of notes) {
        if (note.kind === 'start') {
          open.set(note.start.id, note.start);
        } else {
          ended += 1;
          open.delete(note.record.id);
          if (!(await batch.add(note.record))) return 'stopped';
        }
      }
    }
  }
  for (const start of open.values()) if (!(await batch.add(unknownEnd(start)))) return 'stopped';
  if (!(await batch.flush())) return 'stopped';
  const { damagedBytes, tornBytes, unknownLines } = damage;
  if (ended > 0 || open.size > 0 || tornBytes > 0) {
    log.info({ folder, ended, unknown: open.size, tornBytes }, 'the records of a process that was killed are stored');
  }
  if (damagedBytes === 0 && unknownLines === 0) return 'whole';
  log.error({ folder, damagedBytes, unknownLines }, 'a part of these records can not be read');
  return 'damaged';
}

/** Stores the ends in one segment of this process, again or for the first time. @returns false when stopped */
export async function replayEnds(file: string, options: ReplayOptions): Promise<boolean> {
  const batch = new Batch(options);
  const damage: SegmentDamage = { damagedBytes: 0, tornBytes: 0, unknownLines: 0 };
  for await (const notes of readSegment(options.disk, file, damage)) {
    for (const note of notes) if (note.kind === 'end' && !(await batch.add(note.record))) return false;
  }
  return batch.flush();
}

/** Gathers records and stores them when there are enough. */
class Batch {
  readonly #options: ReplayOptions;
  #records: CallRecord[] = [];

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  async add(record: CallRecord): Promise<boolean> {
    this.#records.push(record);
    return this.#records.length < this.#options.batchCallsMax || this.flush();
  }

  async flush(): Promise<boolean> {
    const records = this.#records;
    this.#records = [];
    await nextTurn();
    return records.length === 0 || this.#options.writer.write(records);
  }
}
