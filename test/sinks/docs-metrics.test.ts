import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MASTER_KEY, startTestGateway } from '../support/test-gateway.ts';
import { CONVERSE, issueKey, managed, send } from '../support/virtual-keys.ts';
import { lint } from './prometheus-lint.ts';

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');

const namesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** The labels of each metric, as the page has them. */
const documented = new Map<string, readonly string[]>();
for (const line of page.split('\n')) {
  const [, metric, , , labels] = line.split('|');
  for (const name of namesIn(metric)) documented.set(name, namesIn(labels));
}

test('docs/metrics.md has every metric that a gateway tells, with the labels that it has there', async () => {
  const env = { OUTCROP_METRICS: 'outcrop', OUTCROP_SINKS: 'file' };
  const gateway = await startTestGateway({ env });
  try {
    await managed(gateway.origin, 'POST /team/new', { team_id: 'team_1', max_budget: 100 });
    const { bearer } = await issueKey(gateway.origin, { key_alias: 'my-app', team_id: 'team_1', max_budget: 10 });
    const authorization = `Bearer ${bearer}`;
    await (await send(gateway.origin, CONVERSE, { authorization })).arrayBuffer();
    const refused = { ...CONVERSE, body: 'no JSON' };
    await (await send(gateway.origin, refused, { authorization })).arrayBuffer();
    const master = { authorization: `Bearer ${MASTER_KEY}` };
    const text = await (await fetch(`${gateway.origin}/metrics`, { headers: master })).text();
    const told = [...lint(text).values()].map(({ name, samples }) => {
      const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
      labels.delete('le');
      return [name, [...labels].sort()] as const;
    });
    assert.ok(told.length > 15, `only ${told.length}`);
    for (const [name, labels] of told) assert.deepEqual([name, documented.get(name)?.toSorted()], [name, labels]);
  } finally {
    await gateway.close();
  }
});
