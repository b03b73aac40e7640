import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { KEY_CARRIERS } from '../../src/domain/credential-carriers.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import {
  CONVERSE,
  issueKey,
  type IssuedKey,
  managed,
  type PlainRequest,
  reissueKey,
  send,
  signedHeaders,
} from '../support/virtual-keys.ts';

const HOUR_MS = 3_600_000;
const OWN_HEADER = 'x-team-key';
const MODEL = 'amazon.nova-lite-v1:0';

/** How a request carries a key. Bearer keys and pairs are different credentials: some refusals differ between them. */
interface Carrier {
  readonly name: string;
  /** What a credential that nobody holds is answered with. */
  readonly unknown: 401 | 403;
  readonly headers: (key: IssuedKey, request: PlainRequest) => Promise<Record<string, string>>;
}

const inHeader = (name: string, prefix = ''): Carrier => ({
  name: `${name}: ${prefix}<key>`,
  unknown: 401,
  headers: ({ bearer }) => Promise.resolve({ [name]: prefix + bearer }),
});

/** Without `Bearer` the standard header holds no bearer key; in the others clients differ. */
const inHeaderBothWays = (name: string): readonly Carrier[] =>
  name === 'authorization' ? [inHeader(name, 'Bearer ')] : [inHeader(name), inHeader(name, 'Bearer ')];

/** In the order of rank: the configured header, the code's own list, signatures. A carrier that is added has its rows at once. */
const CARRIERS: readonly Carrier[] = [
  ...[OWN_HEADER, ...KEY_CARRIERS].flatMap(inHeaderBothWays),
  {
    name: 'Credential=<key>, signed with anything',
    unknown: 403,
    headers: ({ bearer }, request) =>
      signedHeaders(running.origin, request, { accessKeyId: bearer, secretAccessKey: 'anything' }),
  },
  {
    name: 'Credential=<access key id>, signed with its secret',
    unknown: 403,
    headers: (key, request) => signedHeaders(running.origin, request, key),
  },
];

/** What a request is answered with. `unknown` is the one answer for all that nobody holds. */
type Outcome = 'served' | 'unknown' | 'expired' | RegExp;

interface Row {
  readonly what: string;
  /** Run an hour and more before the requests. */
  readonly make: () => Promise<IssuedKey>;
  readonly request?: PlainRequest;
  readonly headers?: Readonly<Record<string, string>>;
  /** A pattern is that of the message of an AccessDeniedException. */
  readonly outcome: Outcome;
}

const LIST_GUARDRAILS: PlainRequest = { method: 'GET', path: '/bedrock/guardrails', body: '' };
const RAG: PlainRequest = {
  method: 'POST',
  path: '/bedrock/retrieveAndGenerate',
  body: JSON.stringify({
    input: { text: 'x' },
    retrieveAndGenerateConfiguration: {
      type: 'KNOWLEDGE_BASE',
      knowledgeBaseConfiguration: { knowledgeBaseId: 'KB12345678', modelArn: MODEL },
    },
  }),
};

const given = (facts: object) => () => issueKey(running.origin, facts);
const afterwards = (facts: object, change: (key: IssuedKey) => Promise<unknown>) => async () => {
  const key = await issueKey(running.origin, facts);
  await change(key);
  return key;
};
const inTeam = (facts: object) => async () => {
  const answer = await managed(running.origin, 'POST /team/new', facts);
  return issueKey(running.origin, z.object({ team_id: z.string() }).parse(answer));
};
const ofUser = (facts: object) => async () => {
  const answer = await managed(running.origin, 'POST /user/new', { auto_create_key: false, ...facts });
  return issueKey(running.origin, z.object({ user_id: z.string() }).parse(answer));
};

const CLAUDE = { models: ['anthropic.claude-*'] };
const EVERYTHING_IN_SO_MANY_WORDS = {
  models: ['amazon.nova-*'],
  allowed_operations: ['bedrock-runtime:Converse'],
  allowed_regions: ['us-east-1'],
  allowed_source_addresses: ['127.0.0.0/8'],
  allowed_routes: ['/bedrock/model'],
  duration: '30d',
};

const ROWS: readonly Row[] = [
  { what: 'a new key', make: given({}), outcome: 'served' },
  { what: 'one that allows just this', make: given(EVERYTHING_IN_SO_MANY_WORDS), outcome: 'served' },
  { what: 'another model', make: given(CLAUDE), outcome: /the model amazon\.nova-lite-v1:0/ },
  { what: 'another model, named in the body', make: given(CLAUDE), request: RAG, outcome: /amazon\.nova-lite-v1:0/ },
  { what: 'another model by the team', make: inTeam(CLAUDE), outcome: /^The team of this key may not use the model/ },
  { what: 'another model by the user', make: ofUser(CLAUDE), outcome: /^The user of this key may not use the model/ },
  {
    what: 'an operation beyond the default ones',
    make: given({}),
    request: LIST_GUARDRAILS,
    outcome: /bedrock:ListGuardrails.*default operations/,
  },
  {
    what: 'an operation that is granted',
    make: given({ allowed_operations: ['bedrock:List*'] }),
    request: LIST_GUARDRAILS,
    outcome: 'served',
  },
  {
    what: 'an operation that is not granted',
    make: given({ allowed_operations: ['bedrock:*'] }),
    outcome: /bedrock-runtime:Converse\. Allowed: bedrock:\*/,
  },
  { what: 'another region', make: given({ allowed_regions: ['us-west-2'] }), outcome: /the region us-east-1/ },
  {
    what: 'another resource',
    make: given({ allowed_resources: ['KB00000000'] }),
    request: RAG,
    outcome: /the resource KB12345678/,
  },
  {
    what: 'another source address',
    make: given({ allowed_source_addresses: ['10.0.0.0/8'] }),
    outcome: /the source address 127\.0\.0\.1/,
  },
  {
    what: 'acting for another user',
    make: given({}),
    headers: { 'x-amzn-bedrock-agentcore-payments-user-id': 'eve' },
    outcome: /may not act for another user/,
  },
  { what: 'other routes', make: given({ allowed_routes: ['/key'] }), outcome: /allowed_routes/ },
  { what: 'expired', make: given({ duration: '1h' }), outcome: 'expired' },
  {
    what: 'replaced, in its grace',
    make: afterwards({}, (key) => reissueKey(running.origin, key, { grace_period: '1d' })),
    outcome: 'served',
  },
  {
    what: 'replaced, its grace over',
    make: afterwards({}, (key) => reissueKey(running.origin, key, { grace_period: '1h' })),
    outcome: 'unknown',
  },
  {
    what: 'replaced without grace',
    make: afterwards({}, (key) => reissueKey(running.origin, key)),
    outcome: 'unknown',
  },
  {
    what: 'blocked',
    make: afterwards({}, ({ id }) => managed(running.origin, 'POST /key/block', { key: id })),
    outcome: 'unknown',
  },
  {
    what: 'blocked and expired',
    make: afterwards({ duration: '1h' }, ({ id }) => managed(running.origin, 'POST /key/block', { key: id })),
    outcome: 'unknown',
  },
  { what: 'of a blocked team', make: inTeam({ blocked: true }), outcome: 'unknown' },
  { what: 'of a blocked user', make: ofUser({ blocked: true }), outcome: 'unknown' },
  {
    what: 'deleted',
    make: afterwards({}, ({ id }) => managed(running.origin, 'POST /key/delete', { keys: [id] })),
    outcome: 'unknown',
  },
  {
    what: 'nobody’s',
    make: () =>
      Promise.resolve({
        id: '',
        bearer: `sk-nobodys-${'x'.repeat(20)}`,
        accessKeyId: 'AKOCAAAAAAAAAAAAAAAA',
        secretAccessKey: 'x'.repeat(40),
      }),
    outcome: 'unknown',
  },
  {
    what: 'mistyped',
    make: async () => {
      const { id, bearer, accessKeyId, secretAccessKey } = await issueKey(running.origin);
      const swap = (text: string) => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');
      return { id, bearer: swap(bearer), accessKeyId: swap(accessKeyId), secretAccessKey };
    },
    outcome: 'unknown',
  },
  {
    what: 'of no form',
    make: () => Promise.resolve({ id: '', bearer: 'sk-', accessKeyId: 'AKIA', secretAccessKey: 'x' }),
    outcome: 'unknown',
  },
];

let running: TestGateway;
/** The gateway's clock is this much ahead; an hour and more behind while the keys are made. */
let aheadMs = 0;
const made = new Map<Row, IssuedKey>();

before(async () => {
  running = await startTestGateway({
    env: { OUTCROP_KEY_HEADER: OWN_HEADER },
    clock: { nowMs: () => Date.now() + aheadMs, elapsedMs: () => performance.now() },
  });
  aheadMs = -2 * HOUR_MS;
  for (const row of ROWS) made.set(row, await row.make());
  aheadMs = 0;
});

after(() => running.close());

interface Answer {
  readonly status: number;
  readonly exception: string | null;
  readonly message: string;
  readonly reachedBedrock: boolean;
}

const refusal = z.object({ message: z.string(), error: z.object({ message: z.string() }) });

async function answerTo(request: PlainRequest, headers: Record<string, string>): Promise<Answer> {
  const asked = running.simulator.requests().length;
  const response = await send(running.origin, request, headers);
  const text = await response.text();
  return {
    status: response.status,
    exception: response.headers.get('x-amzn-errortype'),
    message: response.ok ? '' : refusal.parse(JSON.parse(text)).message,
    reachedBedrock: running.simulator.requests().length > asked,
  };
}

function keyOf(row: Row): IssuedKey {
  const key = made.get(row);
  assert.ok(key !== undefined);
  return key;
}

/** What nobody's credential is told, by status: one text for each. */
const toldUnknown = new Map<number, Set<string>>();

function checkOutcome(answer: Answer, { outcome }: Row, carrier: Carrier): void {
  const { status, exception, message, reachedBedrock } = answer;
  assert.equal(reachedBedrock, outcome === 'served', 'whether Bedrock was asked');
  if (outcome === 'served') {
    assert.equal(status, 200, message);
  } else if (outcome === 'unknown') {
    assert.deepEqual([status, exception], [carrier.unknown, 'UnrecognizedClientException']);
    toldUnknown.set(status, (toldUnknown.get(status) ?? new Set()).add(message));
  } else if (outcome === 'expired') {
    assert.deepEqual([status, exception], [401, 'ExpiredTokenException']);
  } else {
    assert.deepEqual([status, exception], [403, 'AccessDeniedException']);
    assert.match(message, outcome);
  }
}

for (const row of ROWS) {
  const outcome = row.outcome instanceof RegExp ? 'refused' : row.outcome;
  describe(`a key (${row.what}) is ${outcome}`, () => {
    for (const carrier of CARRIERS) {
      test(carrier.name, async () => {
        const key = keyOf(row);
        const request = row.request ?? CONVERSE;
        const headers = { ...(await carrier.headers(key, request)), ...row.headers };
        const answer = await answerTo(request, headers);
        checkOutcome(answer, row, carrier);
        if (key.bearer.length > 8) assert.ok(!answer.message.includes(key.bearer), 'the key is not repeated');
      });
    }
  });
}

test('whatever is wrong with a credential that nobody holds, its holder is told the same', () => {
  const texts = [...toldUnknown].map(([status, told]) => [status, told.size] as const);
  assert.deepEqual(
    new Map(texts),
    new Map([
      [401, 1],
      [403, 1],
    ]),
  );
});

describe('a credential is what it is', () => {
  const fine = () => issueKey(running.origin);

  test('a signature made with another secret, also one for an expired or restricted key, is all that is told', async () => {
    const expired = ROWS.find(({ outcome }) => outcome === 'expired');
    const restricted = ROWS.find(({ what }) => what === 'another model');
    assert.ok(expired !== undefined && restricted !== undefined);
    for (const key of [await fine(), keyOf(expired), keyOf(restricted)]) {
      const wrong = { ...key, secretAccessKey: key.secretAccessKey.slice(0, -1) + '!' };
      const answer = await answerTo(CONVERSE, await signedHeaders(running.origin, CONVERSE, wrong));
      assert.deepEqual(
        [answer.status, answer.exception, answer.reachedBedrock],
        [403, 'InvalidSignatureException', false],
      );
    }
  });

  test('a wrong credential is not rescued by a right one of lower rank', async () => {
    const key = await fine();
    const wrong = { ...key, bearer: `sk-wrong-${'x'.repeat(20)}`, accessKeyId: 'AKOCAAAAAAAAAAAAAAAA' };
    for (const [rank, carrier] of CARRIERS.entries()) {
      const wrongHeaders = await carrier.headers(wrong, CONVERSE);
      for (const lower of CARRIERS.slice(rank + 1)) {
        const headers = await lower.headers(key, CONVERSE);
        // Two values in one header are another matter.
        if (Object.keys(headers).some((name) => name in wrongHeaders)) continue;
        Object.assign(headers, wrongHeaders);
        const answer = await answerTo(CONVERSE, headers);
        assert.equal(answer.status, carrier.unknown, `${carrier.name} over ${lower.name}`);
        assert.equal(answer.reachedBedrock, false);
      }
    }
  });

  test('nothing that is shown of a key opens anything: public id, name, access key id and secret as bearer keys', async () => {
    const { id, bearer, accessKeyId, secretAccessKey } = await fine();
    for (const text of [id, `sk-...${bearer.slice(-4)}`, accessKeyId, secretAccessKey, `sk-${secretAccessKey}`]) {
      const answer = await answerTo(CONVERSE, { authorization: `Bearer ${text}` });
      assert.deepEqual([answer.status, answer.reachedBedrock], [401, false], text.slice(0, 5));
    }
  });

  test('nothing that was logged holds a key or a secret', () => {
    const logged = JSON.stringify(running.logged);
    for (const { bearer, secretAccessKey } of made.values()) {
      if (bearer.length > 8) assert.ok(!logged.includes(bearer));
      if (secretAccessKey.length > 8) assert.ok(!logged.includes(secretAccessKey));
    }
  });
});
