import type { CredentialOwner } from '../domain/keys/credentials.ts';
import { isBearerKey } from '../domain/keys/bearer-key.ts';
import { readClaim } from '../domain/credential-carriers.ts';
import { Refusal } from '../domain/errors.ts';
import { FAILED_LOGINS_WINDOW_SECONDS } from '../domain/failed-logins.ts';
import type { HeaderList } from '../domain/headers.ts';
import { blockHolds, parseBlock } from '../domain/policy/cidr.ts';
import type { Grant } from '../domain/policy/grant.ts';
import { type Actor, USER_ROLES, type UserRole } from './actor.ts';
import { findBearer } from './credentials.ts';
import { boundBy } from './held-limits.ts';
import type { AdminParts } from './ports.ts';
import { Problem } from './problem.ts';
import { readLoggingRules } from '../domain/logging/logging-rules.ts';
import { readSettings } from './settings.ts';

const NO_MASTER_KEY =
  'The management API is closed because this gateway has no master key: start it with OUTCROP_MASTER_KEY or LITELLM_MASTER_KEY.';
const NO_KEY = 'No API key in the request: send it as "Authorization: Bearer <key>".';
const BAD_KEY = 'The API key in the request is not valid here.';
const TOO_MANY = 'Too many requests with wrong keys have come from this address. A right one is let in at once.';
const SIGNED = 'The management API takes no AWS signatures: send the key as "Authorization: Bearer <key>".';

/**
 * Who calls, by the headers. Unknown, blocked, replaced and malformed keys get one answer.
 * @param sourceAddress null when it can't be told; then keys that are bound to addresses are refused.
 * @throws Problem 401, 429 for one more wrong key from an address, 403 without a master key
 */
export async function authenticate(
  headers: HeaderList,
  sourceAddress: string | null,
  parts: AdminParts,
): Promise<Actor> {
  if (parts.masterKey === null) throw new Problem(403, NO_MASTER_KEY);
  const key = claimedKey(headers, parts.keyHeader);
  if (key !== null && parts.masterKey.matches(key)) return { kind: 'master' };
  const owner = key !== null && isBearerKey(key) ? await ownerOf(key, parts) : null;
  const nowMs = parts.clock.nowMs();
  if (owner === null || !isInUse(owner, nowMs)) throw wrongKey(sourceAddress, parts);
  const { expiresMs } = owner.key;
  if (expiresMs !== null && expiresMs <= nowMs) {
    throw new Problem(401, 'This API key has expired.', { type: 'expired_key' });
  }
  const grants = [owner.key.grant, owner.team?.grant, owner.user?.grant].filter((grant) => grant !== undefined);
  requireSource(grants, sourceAddress);
  return keyActor(owner, grants, parts);
}

/** A key that is not found may be stored under a data key that another instance has just made. */
async function ownerOf(key: string, parts: AdminParts): Promise<CredentialOwner | null> {
  const { dataKeys, store } = parts;
  const { version } = dataKeys.current;
  const owner = await findBearer(store.read, key, parts);
  if (owner !== null || !(await dataKeys.catchUp(version))) return owner;
  return findBearer(store.read, key, parts);
}

/** Whether there were too many depends on the address alone, so it tells nothing of keys. */
function wrongKey(sourceAddress: string | null, { tooManyFailedLogins }: AdminParts): Problem {
  if (!tooManyFailedLogins(sourceAddress)) return new Problem(401, BAD_KEY);
  return new Problem(429, TOO_MANY, { retryAfterSeconds: FAILED_LOGINS_WINDOW_SECONDS });
}

/** Null for what is there and can be no key. */
function claimedKey(headers: HeaderList, keyHeader: string | null): string | null {
  const claim = readClaimOrProblem(headers, keyHeader);
  switch (claim.kind) {
    case 'none':
      throw new Problem(401, NO_KEY);
    case 'unreadable':
      return null;
    case 'signed':
      throw new Problem(401, SIGNED);
    case 'bearer':
      return claim.key;
  }
}

function readClaimOrProblem(headers: HeaderList, keyHeader: string | null): ReturnType<typeof readClaim> {
  try {
    return readClaim(headers, keyHeader);
  } catch (error) {
    if (error instanceof Refusal) throw new Problem(400, error.message);
    throw error;
  }
}

function isInUse({ credential, key, team, user }: CredentialOwner, nowMs: number): boolean {
  const replaced = credential.validUntilMs !== null && credential.validUntilMs <= nowMs;
  return !replaced && !key.blocked && team?.blocked !== true && user?.blocked !== true;
}

function requireSource(grants: readonly Grant[], sourceAddress: string | null): void {
  for (const { sources } of grants) {
    if (sources === null) continue;
    const blocks = sources.map(parseBlock).filter((block) => block !== null);
    if (sourceAddress !== null && blocks.some((block) => blockHolds(block, sourceAddress))) continue;
    throw new Problem(403, 'This key may not be used from this address.');
  }
}

async function keyActor(owner: CredentialOwner, grants: readonly Grant[], parts: AdminParts): Promise<Actor> {
  const { key, team, credential, user } = owner;
  const { allowedRoutes, outputCap, logging } = readSettings(key.settings);
  const memberships = key.userId === null ? [] : await parts.store.read.listMemberships(key.userId);
  return {
    kind: 'key',
    keyId: key.id,
    userId: key.userId,
    teamId: key.teamId,
    role: user === null ? null : readRole(user.role),
    grants,
    allowedRoutes,
    outputCap,
    logging: { key: logging, team: readLoggingRules(team?.settings ?? {}) },
    boundBy: boundBy(owner),
    expiresMs: key.expiresMs,
    credentialId: credential.id,
    graceEndMs: credential.validUntilMs,
    memberOf: new Set(memberships.map(({ teamId }) => teamId)),
    adminOf: new Set(memberships.filter(({ role }) => role === 'admin').map(({ teamId }) => teamId)),
  };
}

/** A role that is none of ours gives the rights of none. */
function readRole(text: string): UserRole | null {
  return USER_ROLES.find((role) => role === text) ?? null;
}
