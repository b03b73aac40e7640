import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { CallRecord, CallStart } from '../domain/call-record.ts';
import { encodeEnd } from '../domain/call-record-codec.ts';
import { Refusal } from '../domain/errors.ts';
import type { Clock, Log } from '../ports.ts';
import { boundsOf, type LedgerBounds } from './bounds.ts';
import type { Disk } from './disk.ts';
import { GroupSync } from './group-sync.ts';
import type { LedgerStore } from './ledger-store.ts';
import { nodeDisk } from './node-disk.ts';
import { replayEnds, type ReplayOptions } from './replay.ts';
import { Reserve } from './reserve.ts';
import { Room } from './room.ts';
import { type Segment, Segments } from './segments.ts';
import { Spool } from './spool.ts';
import { claimFolder, type OwnFolder, replayOthers } from './spool-folders.ts';
import { StoreWriter } from './store-writer.ts';
import { Turn } from './turn.ts';

/** Where every call is written down. */
export interface Ledger {
  /**
   * Before the first byte goes to Bedrock. When the promise resolves the record outlives the process, with durability
   * `power` a loss of power too. All that begins and ends in one turn of the event loop is written together.
   * @throws Refusal spoolFull, or rejects with it
   */
  start(start: CallStart): Promise<void>;
  /**
   * Writes an end, and with it all that has been gathered. Never throws: what the disk does not take waits in memory. A
   * call that was refused before it began needs no start.
   */
  end(record: CallRecord): void;
  /** The same together with what else begins and ends in this turn of the event loop. Never rejects. */
  endSoon(record: CallRecord): Promise<void>;
  /** Resolved when the records of processes that were dead at the start are stored: counters restored before miss them. */
  readonly replayed: Promise<void>;
  state(): LedgerState;
  /** Stores what waits, for a bounded time; the rest stays on the disk for the next process. */
  close(): Promise<void>;
}

export interface LedgerState {
  /** What the segments of this process take on the disk. */
  readonly spoolBytes: number;
  readonly spoolBytesMax: number;
  /** Whether new calls are refused because they could not be recorded. */
  readonly isFull: boolean;
  /** Whether the store takes no records for now. */
  readonly isStoreDown: boolean;
  readonly openCalls: number;
  /** Ends in memory that are not stored yet; there may be more on the disk. */
  readonly waitingEnds: number;
  /** Requests refused before they began that could not be recorded since the spool was too full. */
  readonly refusalsNotRecorded: number;
}

export interface LedgerOptions {
  readonly store: LedgerStore;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told once when the disk has lost what it had promised to keep: the process has to end, loudly. */
  readonly fatal: (error: unknown) => void;
  readonly disk?: Disk;
  readonly bounds?: Partial<LedgerBounds>;
}

/** What may stay in a segment that nobody needs: as much as a start reads again in some milliseconds. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Of the spool's bound. */
const REFUSALS_SHARE = 0.5;
const TIDY_SHARE = 0.25;

const REJECTED_FILE = 'rejected.ndjson';

/**
 * Makes a spool for this process and begins to store, in the background, what dead processes have left behind.
 * @throws what the disk throws
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const disk = options.disk ?? nodeDisk;
  const root = path.join(options.dataDir, 'spool');
  const name = randomBytes(8).toString('hex');
  const own = await claimFolder(disk, root, name);
  return new OpenLedger({ ...options, disk, bounds: boundsOf(options.bounds ?? {}) }, { root, name, own });
}

interface Place {
  readonly root: string;
  readonly name: string;
  readonly own: OwnFolder;
}

class OpenLedger implements Ledger {
  readonly replayed: Promise<void>;
  readonly #options: Required<LedgerOptions> & { readonly bounds: LedgerBounds };
  readonly #place: Place;
  readonly #sync: GroupSync | null;
  readonly #reserve: Reserve;
  readonly #room: Room;
  readonly #segments: Segments;
  readonly #spool: Spool;
  readonly #writer: StoreWriter;
  readonly #replay: ReplayOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  /** The one whose records are being gathered. */
  #turn: Turn | null = null;
  #flushTimer: NodeJS.Timeout | null = null;
  #flushing: Promise<void> | null = null;
  #adopting: Promise<void>;
  #isBroken = false;
  /** Nothing begins any more. */
  #isClosed = false;
  /** Nothing ends any more either: another process may be reading what is here. */
  #isSealed = false;

  constructor(options: Required<LedgerOptions> & { readonly bounds: LedgerBounds }, place: Place) {
    const { bounds, disk, log, store } = options;
    const { folder } = place.own;
    this.#options = options;
    this.#place = place;
    const sync = bounds.durability === 'power' ? new GroupSync((error) => this.#breakDown(error)) : null;
    this.#sync = sync;
    this.#reserve = new Reserve(disk, path.join(folder, 'reserve'), bounds.reserveBytes);
    this.#room = new Room({ reserve: this.#reserve, bytesMax: bounds.spoolBytesMax, log });
    this.#segments = new Segments({
      disk,
      folder,
      segmentBytesMax: bounds.segmentBytesMax,
      seal: (file) => (sync === null ? file.close() : sync.seal(file)),
      begun: () => (sync === null ? undefined : disk.syncFolder(folder)),
    });
    this.#spool = new Spool({
      segments: this.#segments,
      reserve: this.#reserve,
      room: this.#room,
      waitingEndsMax: bounds.waitingEndsMax,
      refusalBytesMax: bounds.spoolBytesMax * REFUSALS_SHARE,
      keptBytesMax: Math.min(KEPT_BYTES_MAX, bounds.segmentBytesMax / 4),
      tidyBytesMin: bounds.spoolBytesMax * TIDY_SHARE,
    });
    const { retryMs, retryMsMax } = bounds;
    this.#writer = new StoreWriter({ store, log, retryMs, retryMsMax, setAside: (...args) => this.#setAside(...args) });
    this.#replay = { disk, writer: this.#writer, batchCallsMax: store.batchCallsMax, log };
    this.#room.look(0);
    this.#adopting = this.#adopt();
    this.replayed = this.#adopting;
    void this.#maintain();
    this.#every(bounds.lookEveryMs, () => this.#look());
    this.#every(bounds.maintainEveryMs, () => void this.#maintain());
    this.#every(bounds.adoptEveryMs, () => {
      this.#adopting = this.#adopting.then(() => this.#adopt());
    });
  }

  start(start: CallStart): Promise<void> {
    if (this.#isBroken) throw brokenDown();
    if (this.#isClosed) throw new Refusal('overloaded', 'The gateway is shutting down: try again.');
    this.#spool.start(start);
    const { started } = this.#turnUnderWay();
    if (this.#spool.isGatheredFull) this.#write();
    return started;
  }

  end(record: CallRecord): void {
    if (this.#isSealed) return;
    this.#spool.end(record);
    this.#write();
  }

  endSoon(record: CallRecord): Promise<void> {
    if (this.#isSealed) return Promise.resolve();
    this.#spool.end(record);
    const { ended } = this.#turnUnderWay();
    if (this.#spool.isGatheredFull) this.#write();
    return ended;
  }

  state(): LedgerState {
    return {
      spoolBytes: this.#segments.bytes,
      spoolBytesMax: this.#options.bounds.spoolBytesMax,
      isFull: this.#room.isFull,
      isStoreDown: this.#writer.isDown,
      openCalls: this.#spool.openCalls,
      waitingEnds: this.#spool.waitingEnds,
      refusalsNotRecorded: this.#spool.refusalsNotRecorded,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    const deadline = setTimeout(() => this.#writer.stop(), this.#options.bounds.closeMsMax);
    this.#write();
    await this.#flushing;
    if (this.#spool.hasWaiting) {
      this.#flushNow();
      await this.#flushing;
    }
    clearTimeout(deadline);
    this.#writer.stop();
    await this.#adopting;
    this.#write();
    this.#spool.writeUnwritten();
    this.#isSealed = true;
    for (const segment of this.#segments.list) this.#segments.seal(segment);
    await this.#sync?.settled();
    this.#reserve.close();
    if (this.#spool.isDone) this.#place.own.remove();
    else this.#place.own.leave();
  }

  #turnUnderWay(): Turn {
    if (this.#turn !== null) return this.#turn;
    setImmediate(() => this.#write());
    return (this.#turn = new Turn());
  }

  /** Writes what has been gathered. */
  #write(): void {
    const turn = this.#turn;
    this.#turn = null;
    const { segments, refusal } = this.#spool.write();
    const synced = this.#sync === null ? null : this.#synced(this.#sync, segments);
    synced?.catch(() => undefined);
    turn?.over(refusal, synced);
    this.#scheduleFlush();
  }

  async #synced(sync: GroupSync, segments: readonly Segment[]): Promise<void> {
    try {
      await Promise.all(segments.map(({ file }) => sync.synced(file)));
    } catch (error) {
      throw brokenDown(error);
    }
  }

  #scheduleFlush(): void {
    if (this.#flushing !== null || this.#isClosed || this.#spool.waitingEnds === 0) return;
    if (this.#spool.waitingEnds >= this.#options.store.batchCallsMax) {
      this.#flushNow();
    } else {
      this.#flushTimer ??= setTimeout(() => this.#flushNow(), this.#options.bounds.flushEveryMs).unref();
    }
  }

  #flushNow(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    this.#flushing = this.#flush()
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'records can not be read from the spool yet');
      })
      .finally(() => {
        this.#flushing = null;
        if (this.#spool.hasWaiting) this.#scheduleFlush();
      });
  }

  /** Stores what waits: in memory first, then what has to be read again. */
  async #flush(): Promise<void> {
    const { batchCallsMax } = this.#options.store;
    for (;;) {
      const ends = this.#spool.oldestWaiting(batchCallsMax);
      if (ends.length > 0) {
        if (!(await this.#writer.write(ends.map(({ record }) => record)))) return;
        this.#spool.stored(ends.length);
      }
      const spilled = this.#spool.oldestSpilled();
      if (spilled !== null) {
        if (!(await replayEnds(this.#segments.pathOf(spilled), this.#replay))) return;
        this.#spool.storedSpilled(spilled);
      }
      if (spilled === null && ends.length < batchCallsMax) return;
    }
  }

  /** Never rejects: what could not be read now is tried again later. */
  async #adopt(): Promise<void> {
    try {
      await replayOthers(this.#place.root, this.#place.name, this.#replay);
    } catch (error) {
      this.#options.log.error({ err: error }, 'records of a process that was killed can not be read yet');
    }
  }

  async #maintain(): Promise<void> {
    const { store, clock, log, bounds } = this.#options;
    try {
      await store.maintain(clock.nowMs(), bounds.retentionDays);
    } catch (error) {
      if (!this.#isClosed) log.warn({ err: error }, 'old records could not be deleted: it is tried again later');
    }
  }

  #look(): void {
    this.#room.look(this.#segments.bytes);
    if (!this.#room.isFull) this.#spool.writeUnwritten();
  }

  #setAside(record: CallRecord, error: unknown): boolean {
    const { disk, log } = this.#options;
    try {
      disk.append(path.join(this.#place.root, REJECTED_FILE), Buffer.from(`${encodeEnd(record)}\n`));
    } catch {
      return false;
    }
    log.error({ err: error, id: record.id, file: REJECTED_FILE }, 'a call that can not be stored has been set aside');
    return true;
  }

  #breakDown(error: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#options.fatal(error);
  }

  #every(intervalMs: number, work: () => void): void {
    this.#timers.push(setInterval(work, intervalMs).unref());
  }
}

function brokenDown(cause?: unknown): Refusal {
  return new Refusal('spoolFull', 'The gateway can not record further requests: its disk has failed.', cause);
}
