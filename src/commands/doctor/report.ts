import { styleText } from 'node:util';
import { table } from '../table.ts';
import type { Finding } from './finding.ts';

const MARKS = { ok: '✔', warning: '⚠', fails: '✖' } as const;
const COLOURS = { ok: 'green', warning: 'yellow', fails: 'red' } as const;

/** The findings for a person: what is, then what would fail and how to mend it. */
export function findingsAsText(findings: readonly Finding[]): string {
  const rows = findings.map(({ about, state, found }) => [`${MARKS[state]} ${about}`, found]);
  const lines = table(rows).split('\n');
  const coloured = lines.map((line, index) => paintMark(line, findings[index]?.state ?? 'ok'));
  return [...coloured, '', ...mending(findings)].join('\n');
}

/** The same for a program. */
export function findingsAsJson(findings: readonly Finding[]): string {
  return JSON.stringify({ ok: !wouldFail(findings), findings }, null, 2);
}

export function wouldFail(findings: readonly Finding[]): boolean {
  return findings.some(({ state }) => state === 'fails');
}

/** What to do, said once for all it is to be done about. */
function mending(findings: readonly Finding[]): string[] {
  const abouts = new Map<string, string[]>();
  for (const { about, mend } of findings) {
    if (mend !== undefined) abouts.set(mend, [...(abouts.get(mend) ?? []), about]);
  }
  const lines = [...abouts].map(([mend, about]) => `${about.join(', ')}: ${mend}`);
  return wouldFail(findings) ? lines : [...lines, 'Nothing would fail.'];
}

function paintMark(line: string, state: Finding['state']): string {
  return styleText(COLOURS[state], line.slice(0, 1)) + line.slice(1);
}
