import { compileRedaction } from '../domain/content/redaction.ts';
import type { RecordedContent } from '../domain/logging/content-choice.ts';
import type { Settings } from './settings.ts';

/** What is kept of requests and answers; null for nothing. The rules of redaction in settings are right. */
export function recordedContent(settings: Settings): RecordedContent | null {
  const { sinks, recordContent, contentBytesMax, redactFields, redactPatterns } = settings;
  if (sinks.length === 0 || recordContent === false) return null;
  const redaction = compileRedaction(redactFields, redactPatterns);
  return { calls: recordContent === true ? 'all' : recordContent, options: { bytesMax: contentBytesMax, redaction } };
}
