import type { CallRecord } from '../domain/call-record.ts';

/**
 * A line of the S3 sink is the partition it belongs to, time and id of its call, a line break, and the payload:
 * `2026-11-22/team_a 12-00-01 0193…\n{…}`.
 */
const NO_TEAM = 'no-team';
const NO_KEY = 'no-key';

export interface Prefixes {
  readonly s3_use_team_prefix: boolean;
  readonly s3_use_key_prefix: boolean;
}

/** Day and team; with LiteLLM's prefixes the team, the key or both come first, and the day after them. */
export function partitionPath({ id, startedAtMs, attribution }: CallRecord, prefixes: Prefixes): string {
  const iso = new Date(startedAtMs).toISOString();
  const day = iso.slice(0, 10);
  const team = segmentOf(attribution.teamId ?? NO_TEAM);
  const key = segmentOf(attribution.keyAlias ?? attribution.keyId ?? NO_KEY);
  const first = [prefixes.s3_use_team_prefix ? team : '', prefixes.s3_use_key_prefix ? key : ''].filter(
    (part) => part !== '',
  );
  const partition = first.length > 0 ? [...first, day] : [day, team];
  return `${partition.join('/')} ${iso.slice(11, 19).replaceAll(':', '-')} ${id}`;
}

/** Places of the lines of each partition. */
export function placesByPartition(lines: readonly string[]): readonly (readonly number[])[] {
  const places = new Map<string, number[]>();
  for (const [place, line] of lines.entries()) {
    const partition = line.slice(0, line.indexOf(' '));
    const known = places.get(partition);
    if (known === undefined) places.set(partition, [place]);
    else known.push(place);
  }
  return [...places.values()];
}

/**
 * Named for the first call in it, so that a batch that is sent once more takes the place of the first try.
 * @param line the first of the object
 */
export function objectKey(line: string, { path, suffix }: { path: string; suffix: string }): string {
  const [partition = '', time = '', id = ''] = line.slice(0, line.indexOf('\n')).split(' ');
  const folder = path.replace(/^\/+|\/+$/g, '');
  return `${folder === '' ? '' : `${folder}/`}${partition}/${time}_${id}${suffix}`;
}

/**
 * A name as one segment of a key. What S3 or a browser may take for something else becomes `~` and its bytes in hex: two
 * teams never share a folder, and none gets into another's.
 */
function segmentOf(name: string): string {
  return name.replace(/[^A-Za-z0-9_-]/gu, (character) => `~${Buffer.from(character).toString('hex')}`);
}
