import { type KeySources, readKey } from './carried-key.ts';
import { describeKey, describeKeys, describeSecrets } from './describe-key.ts';
import { eachKey, findKeyId } from './find-key.ts';
import { given, givenList } from './given.ts';
import { type LoggingOptions, loggingFields } from './logging-options.ts';
import { deletedAnswer, freshKeyAnswer, type KeyAnswer, keyInfoAnswer } from './key-answers.ts';
import { type Ask, connectManagementApi } from './management-api.ts';

/** What every command on keys needs. */
export interface KeyCommand extends KeySources {
  /** Of the gateway. */
  readonly url: string;
  /** For programs: what the gateway answered, nothing else. */
  readonly json: boolean;
  readonly nowMs: number;
  readonly say: (text: string) => void;
}

/** As they are typed: lists are comma separated. */
export interface CreateOptions extends LoggingOptions {
  readonly alias?: string;
  readonly team?: string;
  readonly user?: string;
  readonly models?: string;
  readonly operations?: string;
  readonly resources?: string;
  readonly regions?: string;
  readonly sources?: string;
  readonly expires?: string;
  readonly tags?: string;
}

/** A key that may manage keys comes before the master key, so that the lesser of two powers is used. */
export const MANAGER_KEYS = ['OUTCROP_KEY', 'OUTCROP_MASTER_KEY', 'LITELLM_MASTER_KEY'];

export async function createKey(options: CreateOptions, command: KeyCommand): Promise<void> {
  const body = {
    key_alias: given('--alias', options.alias),
    team_id: given('--team', options.team),
    user_id: given('--user', options.user),
    duration: given('--expires', options.expires),
    models: givenList('--models', options.models),
    allowed_operations: givenList('--operations', options.operations),
    allowed_resources: givenList('--resources', options.resources),
    allowed_regions: givenList('--regions', options.regions),
    allowed_source_addresses: givenList('--sources', options.sources),
    tags: givenList('--tags', options.tags),
    ...loggingFields(options),
  };
  const ask = await connect(command);
  const key = await ask({ method: 'POST', path: '/key/generate', body }, freshKeyAnswer);
  tell(command, key, `${describeSecrets(key)}\n\nKeep the secrets now: they are not shown again.`);
}

export async function listKeys(filter: { team?: string; user?: string }, command: KeyCommand): Promise<void> {
  const team = given('--team', filter.team);
  const user = given('--user', filter.user);
  const ask = await connect(command);
  const query = {
    include_team_keys: 'true',
    ...(team === undefined ? {} : { team_id: team }),
    ...(user === undefined ? {} : { user_id: user }),
  };
  const keys: KeyAnswer[] = [];
  for await (const key of eachKey(ask, query)) keys.push(key);
  tell(command, keys, describeKeys(keys, command.nowMs));
}

export async function showKey(reference: string, command: KeyCommand): Promise<void> {
  const ask = await connect(command);
  const query = { key: await findKeyId(ask, reference) };
  const { info } = await ask({ method: 'GET', path: '/key/info', query }, keyInfoAnswer);
  tell(command, info, describeKey(info, command.nowMs));
}

/** All of them or, when one can't be revoked, none. */
export async function revokeKeys(references: readonly string[], command: KeyCommand): Promise<void> {
  const ask = await connect(command);
  const keys: string[] = [];
  for (const reference of references) keys.push(await findKeyId(ask, reference));
  const answer = await ask({ method: 'POST', path: '/key/delete', body: { keys } }, deletedAnswer);
  tell(command, answer, answer.deleted_keys.map((id) => `Revoked ${id}.`).join('\n'));
}

export async function rotateKey(reference: string, options: { grace?: string }, command: KeyCommand): Promise<void> {
  const grace = given('--grace', options.grace);
  const ask = await connect(command);
  const body = { key: await findKeyId(ask, reference), grace_period: grace };
  const key = await ask({ method: 'POST', path: '/key/regenerate', body }, freshKeyAnswer);
  const old = grace === undefined ? 'have ended' : `go on working for ${grace}`;
  tell(
    command,
    key,
    `${describeSecrets(key)}\n\nThe old key and its AWS credentials ${old}. Keep the new secrets now: they are not shown again.`,
  );
}

async function connect(command: KeyCommand): Promise<Ask> {
  return connectManagementApi(command.url, await readKey(MANAGER_KEYS, command));
}

function tell({ json, say }: KeyCommand, answer: object, text: string): void {
  say(json ? JSON.stringify(answer, null, 2) : text);
}
