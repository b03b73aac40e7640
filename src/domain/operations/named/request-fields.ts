import type { FieldPlace } from './places.ts';
import type { NamingRequest } from './named-things.ts';

export type Field =
  | { readonly kind: 'found'; readonly value: string }
  | { readonly kind: 'absent' }
  /** It is there twice, under another spelling, or in an encoding that readers take differently. */
  | { readonly kind: 'ambiguous' };

const ABSENT: Field = { kind: 'absent' };
const AMBIGUOUS: Field = { kind: 'ambiguous' };

/** The value of a path label, header or query parameter, percent-decoded once as AWS does. */
export function readField({ in: where, name }: FieldPlace, request: NamingRequest): Field {
  switch (where) {
    case 'label':
      return readLabel(request.labels[name]);
    case 'header':
      return readHeader(request, name);
    case 'query':
      return readParameter(request.query, name);
  }
}

function readLabel(raw: string | undefined): Field {
  if (raw === undefined) return AMBIGUOUS;
  const value = decoded(raw);
  // `+` is a space to some readers. No name of AWS has either.
  return value === null || value.includes('+') ? AMBIGUOUS : { kind: 'found', value };
}

function readHeader({ headers }: NamingRequest, name: string): Field {
  if (headers.count(name) > 1) return AMBIGUOUS;
  const value = headers.get(name);
  return value === undefined ? ABSENT : { kind: 'found', value };
}

/** The one value of a query parameter. @param query raw, without `?`. */
export function readParameter(query: string, name: string): Field {
  let field = ABSENT;
  for (const parameter of query === '' ? [] : query.split('&')) {
    const [rawName = '', ...rest] = parameter.split('=');
    const ownName = decoded(rawName);
    if (ownName === null) return AMBIGUOUS;
    if (ownName.toLowerCase() !== name.toLowerCase()) continue;
    const value = decoded(rest.join('='));
    if (field !== ABSENT || ownName !== name || value === null || value.includes('+')) return AMBIGUOUS;
    field = { kind: 'found', value };
  }
  return field;
}

function decoded(raw: string): string | null {
  if (!raw.includes('%')) return raw;
  try {
    return decodeURIComponent(raw);
  } catch {
    return null;
  }
}
