import type { CallContent } from './call-content.ts';
import type { CallRecord } from './call-record.ts';

/** What every sink is given of a call: its record and, where that is switched on, what was asked and answered. */
export interface SinkEvent {
  readonly record: CallRecord;
  readonly content: CallContent | null;
}
