import { setTimeout as pause } from 'node:timers/promises';
import type { AlertFacts } from './domain/alert.ts';
import type { LimitScope } from './domain/limits/limit.ts';
import type { Storage } from './storage/storage.ts';

/** An alert is not held up for the sake of a name. */
const LOOK_UP_MS_MAX = 2000;

/**
 * Gives alerts about limits of keys and teams the names that people know these by, as far as the store can be asked. There
 * are few of them.
 */
export function nameAlerts(storage: Promise<Storage>, alert: (facts: AlertFacts) => void): (facts: AlertFacts) => void {
  return (facts) => {
    if (facts.kind !== 'limitReached' && facts.kind !== 'limitRefused') {
      alert(facts);
      return;
    }
    const late = pause(LOOK_UP_MS_MAX, null, { ref: false });
    const known = aliasOf(facts.limit.scope, storage).catch(() => null);
    void Promise.race([known, late]).then((alias) => alert({ ...facts, alias }));
  };
}

async function aliasOf({ kind, id }: LimitScope, storage: Promise<Storage>): Promise<string | null> {
  if (kind !== 'key' && kind !== 'team') return null;
  const [{ read }, { keyNames, teamNames }] = await Promise.all([storage, import('./storage/holder-names.ts')]);
  if (kind === 'key') return (await keyNames(read, [id])).get(id)?.alias ?? null;
  return (await teamNames(read, [id])).get(id) ?? null;
}
