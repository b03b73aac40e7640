import { Refusal } from '../domain/errors.ts';
import type { Log } from '../ports.ts';
import type { Reserve } from './reserve.ts';

/** From how much on somebody is told, and from how little on they are told again the next time. */
const ALARM_SHARE = 0.8;
const CALM_SHARE = 0.7;

/** A bound that was reached must have some room below it again, or it would be reached with the next request. */
const ROOM_SHARE = 0.95;

/** Steps of a quarter of a mebibyte that one look may take: a few milliseconds. */
const GROW_STEPS_MAX = 32;

export interface RoomOptions {
  readonly reserve: Reserve;
  readonly bytesMax: number;
  readonly log: Log;
}

/** Whether new calls may begin: only while each of them can be written down, and its end too. */
export class Room {
  readonly #options: RoomOptions;
  #why: 'bound' | 'disk' | null = null;
  #isAlarmed = false;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#why !== null;
  }

  /** @param bytes that the spool has now @throws Refusal spoolFull */
  require(bytes: number): void {
    const { bytesMax, log } = this.#options;
    if (this.#why === null && bytes >= bytesMax) {
      this.#why = 'bound';
      log.error(
        { bytes, bytesMax },
        'the spool is at its bound: no new requests until the database takes records again',
      );
    }
    if (this.#why !== null) throw refusalOf(this.#why);
    if (bytes > bytesMax * ALARM_SHARE && !this.#isAlarmed) {
      this.#isAlarmed = true;
      log.warn({ bytes, bytesMax }, 'the spool is filling up: at its bound new requests are refused');
    }
  }

  /** The disk did not take something. @returns what calls are refused with that could not begin because of it */
  failed(error: unknown): Refusal {
    if (this.#why !== 'disk') {
      this.#options.log.error({ err: error }, 'the spool can not be written: no new requests until it can');
    }
    this.#why = 'disk';
    return refusalOf('disk');
  }

  /** Looks whether there is room again. Called now and then. */
  look(bytes: number): void {
    const { reserve, bytesMax, log } = this.#options;
    if (bytes < bytesMax * CALM_SHARE) this.#isAlarmed = false;
    try {
      for (let steps = 0; steps < GROW_STEPS_MAX && !reserve.isWhole; steps += 1) reserve.grow();
    } catch (error) {
      this.failed(error);
      return;
    }
    if (this.#why === null || !reserve.isWhole || bytes > bytesMax * ROOM_SHARE || !reserve.hasMore()) return;
    this.#why = null;
    log.info({ bytes, bytesMax }, 'the spool has room again');
  }
}

function refusalOf(why: keyof typeof TEXTS): Refusal {
  return new Refusal('spoolFull', TEXTS[why]);
}

const TEXTS = {
  bound: 'The gateway can not record further requests because its database is out of reach: try again later.',
  disk: 'The gateway can not record further requests because its disk takes no more: try again later.',
} as const;
