import type { Origin } from './domain/audit.ts';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readSettings } from './admin/settings.ts';
import type { Settings } from './config/settings.ts';
import { limitsFromFields } from './domain/limits/limit-fields.ts';
import { callLogging } from './domain/logging/call-logging.ts';
import { bothRules, readLoggingRules } from './domain/logging/logging-rules.ts';
import { type BearerHash, CachedKeyHolders, type CredentialFacts } from './keys/key-holders.ts';
import { openKeyring, type Keyring } from './keys/keyring.ts';
import type { Clock, KeyHolders, Log } from './ports.ts';
import { createRehashQueue } from './keys/rehash-queue.ts';
import { findCredential, rehashCredential } from './storage/credentials.ts';
import { createDataKeyStore } from './storage/data-key-store.ts';
import type { Storage } from './storage/storage.ts';

/** The part of the composition root that virtual keys need, loaded only where there can be some. */
export interface KeyParts {
  readonly keyring: Keyring;
  readonly holders: KeyHolders;
  /** Has a bearer key stored under the current data key, some time soon. */
  readonly rehash: (credentialId: number, fresh: BearerHash) => void;
  close(): Promise<void>;
}

export interface KeyPartsInputs {
  readonly settings: Settings;
  readonly storage: Storage;
  /** What the data key is sealed under. */
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Log;
}

const REHASH: Origin = { actor: 'system', action: 'key.rehash', sourceAddress: null, onBehalfOf: null };

const role = z
  .enum(['proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer'])
  .catch('internal_user_viewer');

/** @throws KeyringError: one line for the operator */
export async function openKeyParts({ settings, storage, secret, clock, log }: KeyPartsInputs): Promise<KeyParts> {
  const keyring = await openKeyring({
    store: createDataKeyStore(storage),
    secret,
    previousSecret: settings.secretKeyPrevious,
    random: randomBytes,
    nowMs: () => clock.nowMs(),
  });
  const rehashing = createRehashQueue({
    write: (id, fresh) => storage.change(REHASH, (change) => rehashCredential(change, id, fresh)),
    log,
  });
  const rehash: KeyParts['rehash'] = (credentialId, fresh) => rehashing.add(credentialId, fresh);
  const holders = new CachedKeyHolders({
    keyring,
    rehash,
    find: (kind, lookups) => findFacts(storage, kind, lookups),
    currentAsOfMs: () => storage.changes.currentAsOfMs(),
    clock,
    staleMs: settings.keyStaleSeconds * 1000,
    random: randomBytes,
  });
  storage.changes.subscribe((news) => {
    holders.hear(news);
    if (news !== 'everything' && !news.some(({ kind }) => kind === 'data_key')) return;
    // What was looked up while the new version was being opened may have been judged without it.
    keyring.refresh().then(
      () => holders.hear('everything'),
      (error: unknown) => log.error({ err: error }, 'data keys can not be read'),
    );
  });
  return {
    keyring,
    holders,
    rehash,
    close: async () => {
      await rehashing.close();
    },
  };
}

async function findFacts(
  storage: Storage,
  kind: 'bearer' | 'aws',
  lookups: readonly string[],
): Promise<CredentialFacts | null> {
  const owner = await findCredential(storage.read, kind, lookups);
  if (owner === null) return null;
  const { credential, key, team, user } = owner;
  const keySettings = readSettings(key.settings);
  return {
    credential,
    key: { ...key, ...keySettings },
    team,
    user: user === null ? null : { ...user, role: role.parse(user.role) },
    limits: [
      ...limitsFromFields({ kind: 'key', id: key.id }, key.limits ?? {}),
      ...limitsFromFields({ kind: 'team', id: key.teamId ?? '' }, team?.limits ?? {}),
      ...limitsFromFields({ kind: 'user', id: key.userId ?? '' }, user?.limits ?? {}),
    ],
    logging: callLogging(bothRules(keySettings.logging, readLoggingRules(team?.settings ?? {}))),
  };
}
