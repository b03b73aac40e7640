import type { ChangedObject } from './change.ts';

/** What a cache is told: the objects that changed, or that anything may have. */
export type ChangeNews = readonly ChangedObject[] | 'everything';

/** Tells of committed changes: those of this instance at once, those of others within a second. */
export interface ChangeFeed {
  /**
   * News may come twice, and a look-up that began before the news may still answer with what was before: whoever keeps
   * answers drops those whose look-up news overtook.
   * @returns how to stop listening.
   */
  subscribe(listener: (news: ChangeNews) => void): () => void;
  /** Up to when all changes are known to have been told, in `clock.elapsedMs`. Stands still while the store is down. */
  currentAsOfMs(): number;
}
