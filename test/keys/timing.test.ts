import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bearerDigest, dataKey } from '../../src/domain/keys/data-key.ts';
import { LOGGED_IN_FULL } from '../../src/domain/logging/call-logging.ts';
import { DEFAULT_GRANT } from '../../src/domain/policy/grant.ts';
import { CachedKeyHolders } from '../../src/keys/key-holders.ts';

const SAMPLES = 20_000;
/** Customary for leakage tests (TVLA): below it nothing is told apart. */
const T_MAX = 4.5;
/** Noise of the machine passes it now and then; a leak passes it each time. */
const ATTEMPTS = 2;
const COMPARISONS = 8;

const current = dataKey(1, randomBytes(32));
const keyring = {
  current,
  live: () => [current],
  byVersion: () => current,
  refresh: () => Promise.resolve(),
  catchUp: () => Promise.resolve(false),
  roll: () => Promise.reject(new Error('not here')),
};

/** Welch's t of two classes of samples, the slowest twentieth of all left out: that is the machine's own business. */
function welchT(samples: readonly (readonly [isFirst: boolean, ns: number])[]): number {
  const cut = samples.map(([, ns]) => ns).sort((a, b) => a - b)[Math.floor(samples.length * 0.95)] ?? Infinity;
  const [first, second] = [true, false].map((wanted) => {
    const values = samples.filter(([isFirst, ns]) => isFirst === wanted && ns <= cut).map(([, ns]) => ns);
    const mean = values.reduce((sum, ns) => sum + ns, 0) / values.length;
    const variance = values.reduce((sum, ns) => sum + (ns - mean) ** 2, 0) / (values.length - 1);
    return { mean, error: variance / values.length };
  });
  assert.ok(first !== undefined && second !== undefined);
  return (first.mean - second.mean) / Math.sqrt(first.error + second.error);
}

/** Times each ask once, in an order of its own. */
function sampled(asks: readonly (readonly [isFirst: boolean, key: string])[], ask: (key: string) => void): number {
  return welchT(
    asks.map(([isFirst, key]) => {
      const startNs = process.hrtime.bigint();
      ask(key);
      return [isFirst, Number(process.hrtime.bigint() - startNs)] as const;
    }),
  );
}

/**
 * Wrong keys, made alike: each shares all but its end either with the right key or with a decoy that nobody holds. The
 * classes differ in nothing but what the gateway knows.
 */
function someKeys(right: string, decoy: string): readonly (readonly [isFirst: boolean, key: string])[] {
  return Array.from(randomBytes(SAMPLES), (byte) => {
    const isNear = byte % 2 === 0;
    const text = Buffer.from((isNear ? right : decoy).slice(0, -8) + randomBytes(4).toString('hex'));
    return [isNear, text.toString('latin1')] as const;
  });
}

test('how long a wrong key takes says nothing about how much of a right one it shares', async () => {
  const decoy = `sk-${randomBytes(16).toString('hex')}`;
  const right = `sk-${randomBytes(16).toString('hex')}`;
  const holders = new CachedKeyHolders({
    keyring,
    find: async (_kind, lookups) => {
      if (lookups[0] !== bearerDigest(current, right)) return null;
      return {
        credential: { id: 1, lookup: lookups[0], dataKeyVersion: 1, validUntilMs: null },
        key: {
          id: 'key_1',
          alias: null,
          teamId: null,
          userId: null,
          expiresMs: null,
          blocked: false,
          grant: DEFAULT_GRANT,
          defaultRegion: null,
          allowedRoutes: null,
          tags: [],
          outputCap: null,
        },
        team: null,
        user: null,
        limits: [],
        logging: LOGGED_IN_FULL,
      };
    },
    rehash: () => undefined,
    currentAsOfMs: () => performance.now(),
    clock: { nowMs: () => Date.now(), elapsedMs: () => performance.now() },
    staleMs: 1000,
    random: randomBytes,
  });
  assert.equal((await holders.byBearerKey(right))?.caller.keyId, 'key_1');
  const attempt = async (ask: (key: string) => void): Promise<number> => {
    const keys = someKeys(right, decoy);
    // Looked up once before, so that what is timed is memory and not the store.
    for (const [, key] of keys) assert.equal(await holders.byBearerKey(key), null);
    return sampled(keys, ask);
  };
  const lookUp = (key: string): void => void holders.byBearerKey(key);
  let t = await attempt(lookUp);
  for (let count = 1; count < ATTEMPTS && Math.abs(t) >= T_MAX; count += 1) t = await attempt(lookUp);
  assert.ok(Math.abs(t) < T_MAX, `t = ${t}`);

  // The same measure sees comparisons that stop at the first difference: several, so that noise can't hide them.
  const leaking = await attempt((key) => {
    lookUp(key);
    for (let count = 0; count < COMPARISONS; count += 1) comparedCharacters(key, right);
  });
  assert.ok(Math.abs(leaking) > T_MAX, `t = ${leaking} with a leak`);
});

function comparedCharacters(text: string, other: string): number {
  let index = 0;
  while (index < text.length && text.charCodeAt(index) === other.charCodeAt(index)) index += 1;
  return index;
}
