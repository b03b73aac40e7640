import type { What } from './classify.ts';

/** Where in a request a value stands. Paths are member names, `[]` for items of lists and `*` for values of maps. */
export type Place =
  | { readonly in: 'label' | 'header' | 'query'; readonly name: string; readonly what: What }
  | { readonly in: 'body'; readonly path: readonly string[]; readonly what: What };

/** One line of the generated table: an operation and its places as `in name what`, a body path joined by dots. */
export type NamedRow = readonly [operation: string, places: readonly string[]];

/** No name in an AWS model holds a space or a dot. */
export function readPlace(text: string): Place {
  const [where = '', name = '', what = ''] = text.split(' ');
  if (where === 'label' || where === 'header' || where === 'query') return { in: where, name, what };
  return { in: 'body', path: name === '' ? [] : name.split('.'), what };
}
