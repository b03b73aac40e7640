import { BEARER_PREFIX } from '../../domain/keys/bearer-key.ts';
import { isKeyId } from '../../domain/keys/key-id.ts';
import { CommandError } from '../command-error.ts';
import { type KeyAnswer, keyPageAnswer } from './key-answers.ts';
import type { Ask } from './management-api.ts';

const PAGE_SIZE = 100;
/** As many pages as the API counts. */
const PAGES_MAX = 100_000;

/** The public id of the key that a person names by its id or its alias. @throws CommandError */
export async function findKeyId(ask: Ask, reference: string): Promise<string> {
  if (isKeyId(reference)) return reference;
  if (reference.startsWith(BEARER_PREFIX)) {
    throw new CommandError(
      'A key does not belong on the command line, where others can read it: name it by its id (key_…) or its alias.',
    );
  }
  for await (const { token_id: id, key_alias: alias } of eachKey(ask, {
    key_alias: reference,
    include_team_keys: 'true',
  })) {
    if (alias === reference) return id;
  }
  throw new CommandError(`No key has the id or alias "${reference}": "outcrop keys list" shows those there are.`);
}

/** Every key the caller may see, the newest first, asked for page by page. */
export async function* eachKey(ask: Ask, filter: Readonly<Record<string, string>>): AsyncGenerator<KeyAnswer> {
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const query = { ...filter, return_full_object: 'true', size: String(PAGE_SIZE), page: String(page) };
    const answer = await ask({ method: 'GET', path: '/key/list', query }, keyPageAnswer);
    yield* answer.keys;
    if (page >= answer.total_pages) return;
  }
}
