import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

/**
 * A reporter for `node --test`: a line for each file as it ends, whatever failed in full, every skip with its reason, and
 * the runner's own totals.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type === 'test:pass' && event.data.skip !== undefined) {
      yield `⚠ SKIPPED ${event.data.name}: ${String(event.data.skip)}\n`;
    } else if (event.type === 'test:fail') yield describeFailure(event.data);
    else if (event.type === 'test:stdout' || event.type === 'test:stderr') yield event.data.message;
    else if (event.type === 'test:summary') yield describeFile(event.data);
    // A diagnostic without a file is one of the totals of the whole run.
    else if (event.type === 'test:diagnostic' && event.data.file === undefined) yield `ℹ ${event.data.message}\n`;
  }
}

type EventData<Type extends TestEvent['type']> = Extract<TestEvent, { type: Type }>['data'];

function describeFile({ file, counts, duration_ms: durationMs, success }: EventData<'test:summary'>): string {
  if (file === undefined) return '';
  const mark = success ? '✔' : '✖';
  return `${mark} ${relative(process.cwd(), file)}  ${counts.tests} tests, ${(durationMs / 1000).toFixed(1)} s\n`;
}

/** A suite that failed only because a test in it did has nothing to add to that test. */
function describeFailure({ name, file, line, details }: EventData<'test:fail'>): string {
  const { error } = details;
  if ('failureType' in error && error.failureType === 'subtestsFailed') return '';
  const place = file === undefined ? '' : ` (${relative(process.cwd(), file)}:${line ?? 0})`;
  const reason = inspect(error.cause ?? error, { depth: 5 }).replaceAll(/^/gm, '    ');
  return `✖ ${name}${place}\n${reason}\n`;
}
