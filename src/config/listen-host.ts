import type { Settings } from './settings.ts';

/** Without a key whoever reaches the port may spend money, so it is this machine only unless the operator says otherwise. */
export function listenHost({ host, masterKey }: Settings): string {
  return host ?? (masterKey === null ? '127.0.0.1' : '0.0.0.0');
}
