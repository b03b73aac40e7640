import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVerifier } from '../../../src/domain/aws/sigv4/verify.ts';
import { MUTATIONS, type Random } from './mutate-request.ts';
import { seededRandom } from './seeded-random.ts';
import { canonicalOracle, CLIENT_REQUESTS, evidenceOf, SECRET, type WireRequest } from './wire-request.ts';

const MUTANTS = 100_000;
const SKEW_MS_MAX = 300_000;

const verify = createVerifier(new Set(['bedrock', 'bedrock-agentcore']));
const originals = Object.values(CLIENT_REQUESTS).map((wire) => ({ wire, canonical: canonicalOracle(wire) }));
const mutations = Object.entries(MUTATIONS);

/** What of the credential and the time must be as it was, beside the canonical request. */
function scopeOf({ date, region, service, signature }: WireRequest): string {
  return [date, region, service, signature.trim()].join('/');
}

/** A header that carries what a signature is about, put in after signing. It leaves the canonical request as it was. */
function hasUnsignedAmzHeader({ headers, signedHeaders }: WireRequest): boolean {
  return headers.some(([name]) => /^x-amz-/i.test(name) && !signedHeaders.includes(name.toLowerCase()));
}

function signedTimeMs({ headers }: WireRequest): number {
  const text = headers.find(([name]) => name.toLowerCase() === 'x-amz-date')?.[1].trim() ?? '';
  return Date.parse(text.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
}

function mutant(random: Random): { readonly names: string[]; readonly wire: WireRequest; readonly canonical: string } {
  const { wire, canonical } = originals[random(originals.length)] ?? assert.fail();
  const names: string[] = [];
  let changed = wire;
  do {
    const [name, mutate] = mutations[random(mutations.length)] ?? assert.fail();
    names.push(name);
    changed = mutate(changed, random);
  } while (random(4) === 0);
  return { names, wire: changed, canonical: `${canonical}\n${scopeOf(wire)}` };
}

test(`of ${MUTANTS} changed requests those pass whose canonical request is unchanged, and no other`, (t) => {
  const seed = Date.now() % 2 ** 31;
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const seen = { accepted: 0, refused: 0, malformed: 0 };
  const acceptedAfter = new Set<string>();
  for (let count = 0; count < MUTANTS; count += 1) {
    const { names, wire, canonical } = mutant(random);
    const evidence = evidenceOf(wire);
    if (evidence === null) {
      seen.malformed += 1;
      continue;
    }
    const isAccepted = verify(evidence, SECRET).kind === 'valid';
    const isUnchanged =
      `${canonicalOracle(wire)}\n${scopeOf(wire)}` === canonical &&
      !hasUnsignedAmzHeader(wire) &&
      Math.abs(wire.nowMs - signedTimeMs(wire)) <= SKEW_MS_MAX;
    assert.equal(isAccepted, isUnchanged, `${names.join(', ')} (seed ${seed}): ${JSON.stringify(wire)}`);
    seen[isAccepted ? 'accepted' : 'refused'] += 1;
    if (isAccepted && names.length === 1) acceptedAfter.add(names[0] ?? '');
  }
  t.diagnostic(JSON.stringify(seen));
  // The property would hold of a verifier that refuses all, and of mutations that change nothing.
  assert.ok(seen.accepted > MUTANTS / 20 && seen.refused > MUTANTS / 4, JSON.stringify(seen));
  for (const name of ['the query', "a header's name", 'slashes of the path', "white space in a header's value"]) {
    assert.ok(acceptedAfter.has(name), name);
  }
});
