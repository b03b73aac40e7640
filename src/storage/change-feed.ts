import type { Clock, Log } from '../ports.ts';
import type { ChangedObject, NumberedChange, ObjectKind } from './change.ts';
import type { ChangeRow, ChangeSource } from './engine.ts';

/** What a cache is told: the objects that changed, or that anything may have. */
export type ChangeNews = readonly ChangedObject[] | 'everything';

/** Tells of committed changes: those of this instance at once, those of others within a second. */
export interface ChangeFeed {
  /**
   * News may seldom come twice, and a look-up that began before the news may still answer with what was before: whoever keeps
   * answers drops those whose look-up news overtook.
   * @returns how to stop listening.
   */
  subscribe(listener: (news: ChangeNews) => void): () => void;
  /** Up to when all changes are known to have been told, in `clock.elapsedMs`. Stands still while the store is down. */
  currentAsOfMs(): number;
}

export interface ChangeFeedOptions {
  /** @param wake makes the feed look at once. */
  readonly openSource: (wake: () => void) => Promise<ChangeSource>;
  readonly clock: Clock;
  readonly log: Log;
}

const POLL_MS = 400;

/** More news at once than this are told as "everything". */
const ROWS_MAX = 1000;

/** Rows are kept for longer than a feed may have slept (a suspended machine) and still trust that it saw all. */
export const CHANGE_ROWS_KEPT_MS = 24 * 3_600_000;
const SLEEP_MS_MAX = 3_600_000;

const KINDS: readonly string[] = [
  'key',
  'team',
  'user',
  'customer',
  'budget',
  'spend',
  'data_key',
] satisfies ObjectKind[];

/** Asks the store every little while, or as soon as it is woken, for what has changed. */
export class PollingFeed implements ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #listeners = new Set<(news: ChangeNews) => void>();
  #source: ChangeSource | null = null;
  #seq = 0;
  /** Rows of this instance's own changes that have been told and not been read yet. */
  readonly #toldSeqs = new Set<number>();
  #currentAsOfMs: number;
  #lookedAtMs: number;
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  #isDown = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | null = null;

  private constructor(options: ChangeFeedOptions) {
    this.#options = options;
    this.#currentAsOfMs = options.clock.elapsedMs();
    this.#lookedAtMs = options.clock.nowMs();
  }

  /** @throws what the source throws when it can't be opened the first time. */
  static async open(options: ChangeFeedOptions): Promise<PollingFeed> {
    const feed = new PollingFeed(options);
    await feed.#openSource();
    feed.#schedule();
    return feed;
  }

  subscribe(listener: (news: ChangeNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  currentAsOfMs(): number {
    return this.#currentAsOfMs;
  }

  /** Tells this instance's caches of its own changes, without waiting for the store to tell. */
  tellOwn(changed: readonly NumberedChange[]): void {
    for (const { seq } of changed) if (seq > this.#seq) this.#toldSeqs.add(seq);
    this.#tell(changed.map(({ kind, id }) => ({ kind, id })));
  }

  #tell(news: ChangeNews): void {
    if (news.length === 0) return;
    for (const listener of this.#listeners) {
      try {
        listener(news);
      } catch (error) {
        this.#options.log.error({ err: error }, 'a cache could not take news of a change');
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listeners.clear();
    await this.#looking;
    await this.#source?.close().catch(() => undefined);
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#look().then(() => this.#schedule()), POLL_MS);
    this.#timer.unref();
  }

  /** One look at a time; a wake in the middle of one leads to another. Never rejects. */
  async #look(): Promise<void> {
    if (this.#isClosed) return;
    this.#lookAgain = this.#looking !== null;
    if (this.#looking !== null) return this.#looking;
    this.#looking = this.#lookOnce();
    await this.#looking;
    this.#looking = null;
    if (this.#lookAgain) await this.#look();
  }

  async #lookOnce(): Promise<void> {
    const { clock, log } = this.#options;
    const startedMs = clock.elapsedMs();
    const slept = clock.nowMs() - this.#lookedAtMs > SLEEP_MS_MAX;
    try {
      const news = this.#source === null || slept ? await this.#startOver() : await this.#readOn(this.#source);
      this.#currentAsOfMs = startedMs;
      this.#lookedAtMs = clock.nowMs();
      this.#tell(news);
      if (this.#isDown) log.info({}, 'the database answers again');
      this.#isDown = false;
    } catch (error) {
      if (!this.#isDown) log.warn({ err: error }, 'the database does not answer: what is known is used for a while');
      this.#isDown = true;
      await this.#dropSource();
    }
  }

  /** What happened in between is not known. */
  async #startOver(): Promise<ChangeNews> {
    await this.#dropSource();
    await this.#openSource();
    return 'everything';
  }

  async #readOn(source: ChangeSource): Promise<ChangeNews> {
    const rows = await source.after(this.#seq, ROWS_MAX);
    if (rows.length === ROWS_MAX) {
      this.#readUpTo(await source.latest());
      return 'everything';
    }
    // What this instance has looked up since its own change must not leave its memory once more.
    const others = rows.filter(({ seq }) => !this.#toldSeqs.has(seq));
    this.#readUpTo(rows.at(-1)?.seq ?? this.#seq);
    return others.every(isKnown) ? others.map(({ kind, id }) => ({ kind, id })) : 'everything';
  }

  #readUpTo(seq: number): void {
    this.#seq = seq;
    for (const told of this.#toldSeqs) if (told <= seq) this.#toldSeqs.delete(told);
  }

  async #openSource(): Promise<void> {
    const source = await this.#options.openSource(() => void this.#look());
    this.#source = source;
    this.#readUpTo(await source.latest());
  }

  async #dropSource(): Promise<void> {
    const source = this.#source;
    this.#source = null;
    await source?.close().catch(() => undefined);
  }
}

/** A newer version of the code may tell of kinds that this one has no name for. */
function isKnown(row: ChangeRow): row is ChangeRow & ChangedObject {
  return KINDS.includes(row.kind);
}
