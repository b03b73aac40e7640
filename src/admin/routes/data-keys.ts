import type { CredentialCount } from '../../domain/keys/credentials.ts';
import { z } from '@hono/zod-openapi';
import { durationMs } from '../duration.ts';
import { durationText, pageSizeShape } from '../inputs.ts';
import type { StoredDataKey } from '../ports.ts';
import { Problem } from '../problem.ts';
import { type AdminRequest, type Answer, defineRoute, originOf, type Route } from '../route.ts';
import { date, pagesOf } from '../views.ts';

/** Every instance has to have heard of the new version before the older ones end. */
const DEADLINE_MS_MIN = 60_000;
const DEADLINE_MS_MAX = 366 * 86_400_000;

const versionView = z.object({
  version: z.number(),
  is_current: z.boolean(),
  retired_at: z.string().nullable().openapi({ description: 'When credentials under this version end; null: no end.' }),
  bearer_keys: z.number().openapi({ description: 'Those that are shown before then move to the current version.' }),
  aws_pairs: z.number().openapi({ description: 'These do not move: they have to be issued again.' }),
});

const pairView = z.object({
  token_id: z.string().openapi({ description: 'The public id of the key: regenerate it to issue a new pair.' }),
  key_alias: z.string().nullable(),
  aws_access_key_id: z.string(),
  data_key_version: z.number(),
});

const rollInput = z.strictObject({
  deadline: durationText.openapi({
    description: 'How long keys under the older versions go on working, from 1m to 366d.',
  }),
});

async function roll({ deadline }: z.infer<typeof rollInput>, request: AdminRequest): Promise<Answer> {
  const { parts } = request;
  const graceMs = durationMs(deadline) ?? 0;
  if (graceMs < DEADLINE_MS_MIN || graceMs > DEADLINE_MS_MAX) {
    throw new Problem(422, 'deadline: is less than one minute or more than 366 days.', { param: 'deadline' });
  }
  await parts.dataKeys.roll(parts.clock.nowMs() + graceMs, originOf(request, 'data_key.roll'));
  return { body: { versions: await viewVersions(await parts.store.read.listDataKeys(), request) } };
}

async function status(page: { readonly page: number; readonly size: number }, request: AdminRequest): Promise<Answer> {
  const { read } = request.parts.store;
  const versions = await read.listDataKeys();
  const pairs = await read.listPairsOlderThan(currentOf(versions), page);
  return {
    body: {
      versions: await viewVersions(versions, request),
      aws_pairs_to_reissue: pairs.rows.map((pair) => ({
        token_id: pair.keyId,
        key_alias: pair.keyAlias,
        aws_access_key_id: pair.lookup,
        data_key_version: pair.dataKeyVersion,
      })),
      total: pairs.total,
      page: page.page,
      page_size: page.size,
      total_pages: pagesOf(pairs, page),
    },
  };
}

async function viewVersions(
  versions: readonly StoredDataKey[],
  { parts }: AdminRequest,
): Promise<z.infer<typeof versionView>[]> {
  const counts = await parts.store.read.countByDataKeyVersion(parts.clock.nowMs());
  const current = currentOf(versions);
  return versions.map(({ version, retiredAtMs }) => ({
    version,
    is_current: version === current,
    retired_at: retiredAtMs === null ? null : date(retiredAtMs),
    bearer_keys: countOf(counts, version, 'bearer'),
    aws_pairs: countOf(counts, version, 'aws'),
  }));
}

/** As stored: this instance may not have heard of it yet. */
function currentOf(versions: readonly StoredDataKey[]): number {
  return Math.max(0, ...versions.map(({ version }) => version));
}

function countOf(counts: readonly CredentialCount[], version: number, kind: 'bearer' | 'aws'): number {
  return counts.find((candidate) => candidate.version === version && candidate.kind === kind)?.count ?? 0;
}

/** The data key of the installation: a new version, and what is still under older ones. */
export const DATA_KEY_ROUTES: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/data-key/roll',
    summary: 'Make a new version of the data key; what is under older ones ends at the deadline',
    access: 'master',
    input: rollInput,
    answer: z.object({ versions: z.array(versionView) }),
    handle: roll,
  }),
  defineRoute({
    method: 'get',
    path: '/data-key/status',
    summary: 'What stands under which version of the data key, and a page of the AWS pairs to issue again',
    access: 'master',
    input: z.strictObject({ ...pageSizeShape }),
    answer: z.object({
      versions: z.array(versionView),
      aws_pairs_to_reissue: z.array(pairView),
      total: z.number(),
      page: z.number(),
      page_size: z.number(),
      total_pages: z.number(),
    }),
    handle: ({ page, page_size: size }, request) => status({ page, size }, request),
  }),
];
