import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { SIMULATOR_CREDENTIALS, startSimulator, type Simulator } from '../../simulator/index.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { CONVERSE, send } from '../support/virtual-keys.ts';
import { startOutcrop } from './run-outcrop.ts';

const line = z.looseObject({
  level: z.enum(['debug', 'info', 'warn', 'error']),
  time: z.iso.datetime(),
  msg: z.string(),
  requestId: z.string().optional(),
  operation: z.string().nullish(),
  refusal: z.string().optional(),
  err: z.object({ code: z.string().optional() }).optional(),
});
type Line = z.output<typeof line>;

const RIGHT = { authorization: `Bearer ${MASTER_KEY}` };
const WRONG = { authorization: 'Bearer sk-wrong' };

describe('the log of the process', () => {
  let simulator: Simulator;
  before(async () => (simulator = await startSimulator()));
  after(() => simulator.close());

  /** What is logged of a good request, a wrong key and a target that is away. @returns its lines, and the ids that clients were told */
  async function logOf(env: Readonly<Record<string, string>>): Promise<{ lines: Line[]; ids: readonly string[] }> {
    const run = startOutcrop(['start'], {
      env: {
        ...simulator.environment,
        // The discard port: nothing listens there.
        AWS_ENDPOINT_URL_BEDROCK: 'http://127.0.0.1:9',
        AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
        AWS_REGION: 'us-east-1',
        OUTCROP_HOST: '127.0.0.1',
        OUTCROP_PORT: '0',
        OUTCROP_MASTER_KEY: MASTER_KEY,
        OUTCROP_SHUTDOWN_NOTICE_MS: '0',
        OUTCROP_LOOP_DELAY_MS_MAX: '60000',
        ...env,
      },
    });
    after(() => run.child.kill('SIGKILL'));
    await run.says('Point Bedrock clients at');
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(run.output())?.[0] ?? '';
    const models = { method: 'GET', path: '/bedrock/foundation-models', body: '' } as const;
    const ids: string[] = [];
    for (const [request, headers, status] of [
      [CONVERSE, RIGHT, 200],
      [CONVERSE, WRONG, 401],
      [models, RIGHT, 503],
    ] as const) {
      const answer = await send(origin, request, headers);
      assert.equal(answer.status, status, await answer.text());
      ids.push(answer.headers.get('x-outcrop-request-id') ?? '');
    }
    run.child.kill('SIGTERM');
    assert.equal(await run.ended, 0);
    const lines = run
      .errors()
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => line.parse(JSON.parse(text)));
    return { lines: lines.filter(({ requestId }) => requestId !== undefined), ids };
  }

  test('has a line of JSON for each request that did not go its way, with the id its client was told, and none for others', async () => {
    const { lines, ids } = await logOf({});
    assert.deepEqual(
      lines.map(({ level, msg, requestId, refusal }) => [level, msg, requestId, refusal]),
      [
        ['info', 'request refused', ids[1], 'unauthenticated'],
        ['info', 'request refused', ids[2], 'upstreamUnreachable'],
      ],
    );
    assert.equal(lines[1]?.err?.code, 'ECONNREFUSED');
    assert.equal(lines[1]?.operation, 'bedrock:ListFoundationModels');
  });

  const cases: readonly [about: string, env: Readonly<Record<string, string>>, lines: readonly string[]][] = [
    ['has one for every request where that is switched on', { OUTCROP_ACCESS_LOG: 'true' }, ['info', 'info', 'info']],
    ['has one for every request at the level debug', { OUTCROP_LOG_LEVEL: 'debug' }, ['debug', 'info', 'info']],
    ['has none of what clients do at the level error', { OUTCROP_LOG_LEVEL: 'error', OUTCROP_ACCESS_LOG: 'true' }, []],
  ];
  for (const [about, env, levels] of cases) {
    test(about, async () => {
      const { lines, ids } = await logOf(env);
      assert.deepEqual(
        lines.map(({ level }) => level),
        levels,
      );
      if (lines.length > 0)
        assert.deepEqual(
          lines.map(({ requestId }) => requestId),
          ids,
        );
    });
  }
});
