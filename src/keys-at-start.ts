import type { Settings } from './config/settings.ts';
import type { KeyParts } from './key-parts.ts';
import type { Clock, KeyHolders, Log } from './ports.ts';

/** Beside the start: opening the store and the data key must not hold up the port. Null where no key can be made. */
export function openKeys(settings: Settings, clock: Clock, log: Log): Promise<KeyParts> | null {
  const secret = settings.secretKey ?? settings.masterKey;
  if (settings.masterKey === null || secret === null) return null;
  const keys = import('./key-parts.ts').then(({ openKeyParts }) => openKeyParts({ settings, secret, clock, log }));
  // Who starts the process asks `keysReady`; until then a rejection is not unhandled.
  keys.catch(() => undefined);
  return keys;
}

/** Requests with a virtual key that come in the first moments wait for the store. */
export function holdersOnceReady(ready: Promise<KeyParts>): KeyHolders {
  let holders: KeyHolders | null = null;
  void ready.then((parts) => (holders = parts.holders)).catch(() => undefined);
  return {
    byBearerKey: (key) =>
      holders === null ? ready.then((parts) => parts.holders.byBearerKey(key)) : holders.byBearerKey(key),
    byAccessKeyId: (id) =>
      holders === null ? ready.then((parts) => parts.holders.byAccessKeyId(id)) : holders.byAccessKeyId(id),
  };
}
