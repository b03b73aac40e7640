/** What a grant can restrict. */
export type Restriction = 'operation' | 'model' | 'resource' | 'region' | 'source' | 'acting';

/** The field of the management API by which more of it is allowed. */
export const GRANTED_BY: Readonly<Record<Restriction, string>> = {
  operation: 'allowed_operations',
  model: 'models',
  resource: 'allowed_resources',
  region: 'allowed_regions',
  source: 'allowed_source_addresses',
  acting: 'act_for_users',
};

const NOUNS: Readonly<Record<Exclude<Restriction, 'acting'>, string>> = {
  operation: 'the operation',
  model: 'the model',
  resource: 'the resource',
  region: 'the region',
  source: 'the source address',
};

const LISTED_MAX = 20;
const ASKED_LENGTH_MAX = 300;

/** Twenty names would bury what was asked; the page has them. */
const DEFAULT_OPERATIONS_TEXT = 'the default operations (docs/virtual-keys.md)';

/**
 * One line for the client: what was asked, what is allowed, and how to allow more.
 * @param allowed null for the default operations.
 */
export function refusalMessage(
  holder: 'key' | 'team' | 'user',
  restriction: Restriction,
  asked: string,
  allowed: readonly string[] | null,
): string {
  const whose = holder === 'key' ? 'This key' : `The ${holder} of this key`;
  const field = GRANTED_BY[restriction];
  if (restriction === 'acting') {
    return `${whose} may not act for another user, by ${shown(asked)}. "${field}": true on the ${holder} allows it.`;
  }
  const what = `${whose} may not use ${NOUNS[restriction]} ${shown(asked)}.`;
  return `${what} Allowed: ${allowed === null ? DEFAULT_OPERATIONS_TEXT : list(allowed)}. "${field}" of the ${holder} adds more.`;
}

function list(allowed: readonly string[]): string {
  if (allowed.length === 0) return 'none';
  const shownOnes = allowed.slice(0, LISTED_MAX).map(shown).join(', ');
  const more = allowed.length - LISTED_MAX;
  return more > 0 ? `${shownOnes} and ${more} more` : shownOnes;
}

/** Text of a client or an administrator, kept to one line of printable ASCII. */
function shown(text: string): string {
  const printable = text.slice(0, ASKED_LENGTH_MAX).replace(/[^\x20-\x7e]/g, '?');
  return text.length > ASKED_LENGTH_MAX ? `${printable}…` : printable;
}
