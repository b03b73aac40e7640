/**
 * What can go wrong in the store, told apart so that "the store is down" is never taken for "there is no such key".
 * - `cannotOpen`: at start; the message is one line for the operator, without the password.
 * - `unavailable`: out of reach, too slow or broken off. Nothing is known about what was asked, and whether a change
 *   that was being committed has happened is not known either.
 * - `conflict`: another row has this value of `field` already.
 * - `missing`: no such object; `field` says which kind or which reference.
 * - `invalid`: a value no database here can hold, or a page that does not exist.
 */
export type StorageErrorKind = 'cannotOpen' | 'unavailable' | 'conflict' | 'missing' | 'invalid';

/** A fault of the store or of what it was asked. No message ever holds a stored value. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly kind: StorageErrorKind;
  /** The column or kind of object concerned, such as `alias` or `team`. */
  readonly field: string | null;

  constructor(kind: StorageErrorKind, message: string, options: { field?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.field = options.field ?? null;
  }
}

/** @param what the kind of object that is not there, such as `key` or `team`. */
export function missing(what: string): StorageError {
  return new StorageError('missing', `There is no such ${what}.`, { field: what });
}

/** @param field the column whose value another row has. */
export function conflict(field: string): StorageError {
  return new StorageError('conflict', `Another entry has this ${field} already.`, { field });
}

/** U+0000 in a text, a fraction where a whole number belongs, more than an index can hold. */
export function unstorable(): StorageError {
  return new StorageError('invalid', 'A value contains what can not be stored, or is too long.');
}
