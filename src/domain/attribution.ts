import type { Attribution } from './call-record.ts';
import type { HeaderList } from './headers.ts';
import { objectAt, textAt } from './usage/json-shapes.ts';
import type { JsonObject } from './usage/json-shapes.ts';
import type { MeteredRequest } from './usage/metered-request.ts';

/** What is known of the key a request came with. */
export interface KeyAttribution {
  readonly keyId: string | null;
  readonly keyAlias: string | null;
  readonly teamId: string | null;
  readonly userId: string | null;
  /** Of the key and of its team. */
  readonly tags: readonly string[];
}

export const NO_KEY: KeyAttribution = { keyId: null, keyAlias: null, teamId: null, userId: null, tags: [] };

/** Where a client may name its end user, the first that does counts. LiteLLM's names. */
const CUSTOMER_HEADERS = ['x-litellm-customer-id', 'x-litellm-end-user-id'];
const SESSION_HEADERS = ['x-litellm-session-id', 'x-claude-code-session-id'];
const TAGS_HEADER = 'x-litellm-tags';

/** What InvokeModel has for the `requestMetadata` of Converse: JSON. */
const REQUEST_METADATA_HEADER = 'x-amzn-bedrock-request-metadata';

/** The keys of either that are read, in this order. */
const CUSTOMER_KEYS = ['customer_id', 'end_user_id', 'end_user', 'user_id', 'user'];
const SESSION_KEYS = ['session_id', 'session'];

const ID_CHARS_MAX = 256;
const TAGS_MAX = 20;
const TAG_CHARS_MAX = 128;

/** Old Claude Code puts all it knows into one text: `user_…_account_…_session_…`. */
const CLAUDE_CODE_USER = /^(user_.+?)_session_([0-9a-f-]+)$/i;

interface Named {
  readonly customerId: string | null;
  readonly sessionId: string | null;
}

/**
 * Who a call is charged to: the key's facts, and what the client says of its end user, session and tags. A client may
 * say anything here, so it decides about nothing but records and the client's own limits.
 *
 * The body is looked into only when no header of ours names the end user: `requestMetadata` of Converse, Anthropic's
 * `metadata.user_id`. An id that is longer than 256 characters, or has
 * control characters, is none; 20 tags count, the key's first, each up to 128 characters.
 *
 * @param customerHeader a configured header, which counts before all others; lower case
 */
export function readAttribution(
  request: MeteredRequest,
  key: KeyAttribution,
  customerHeader: string | null,
): Attribution {
  const { headers } = request;
  const configured = customerHeader === null ? null : idOf(headers.get(customerHeader));
  const customerId = configured ?? idInHeaders(headers, CUSTOMER_HEADERS);
  const sessionId = idInHeaders(headers, SESSION_HEADERS);
  const inBody = customerId === null ? namedInBody(request) : null;
  return {
    keyId: key.keyId,
    keyAlias: key.keyAlias,
    teamId: key.teamId,
    userId: key.userId,
    customerId: customerId ?? inBody?.customerId ?? null,
    sessionId: sessionId ?? inBody?.sessionId ?? null,
    tags: tagsOf(headers.get(TAGS_HEADER), key.tags),
  };
}

function namedInBody(request: MeteredRequest): Named | null {
  const { service, name } = request.operation;
  if (service !== 'bedrock-runtime') return null;
  switch (name) {
    case 'Converse':
    case 'ConverseStream':
      return namedInMetadata(objectAt(request.outline.member('requestMetadata')));
    case 'InvokeModel':
    case 'InvokeModelWithResponseStream':
      return (
        namedInMetadata(partsOf(request.headers.get(REQUEST_METADATA_HEADER) ?? '')) ??
        namedByAnthropic(textAt(request.outline.member('metadata'), 'user_id'))
      );
    default:
      return null;
  }
}

function namedInMetadata(metadata: JsonObject | null): Named | null {
  if (metadata === null) return null;
  return {
    customerId: firstId(CUSTOMER_KEYS.map((key) => metadata[key])),
    sessionId: firstId(SESSION_KEYS.map((key) => metadata[key])),
  };
}

/**
 * Anthropic's `metadata.user_id`. Claude Code puts device, account and session into it, as a text of its own or as JSON;
 * the session is taken out, for otherwise every session would be a customer.
 */
function namedByAnthropic(userId: string | null): Named | null {
  if (userId === null) return null;
  const [, user, session] = CLAUDE_CODE_USER.exec(userId) ?? [];
  if (user !== undefined) return { customerId: firstId([user]), sessionId: firstId([session]) };
  const parts = partsOf(userId);
  if (parts === null) return { customerId: firstId([userId]), sessionId: null };
  return {
    customerId: firstId([parts['account_uuid'], parts['device_id']]),
    sessionId: firstId([parts['session_id']]),
  };
}

/** The JSON object that a text is; null for anything else. */
function partsOf(text: string): JsonObject | null {
  if (!text.startsWith('{')) return null;
  try {
    return objectAt(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Of the first header that holds an id. */
function idInHeaders(headers: HeaderList, names: readonly string[]): string | null {
  for (const name of names) {
    const id = idOf(headers.get(name));
    if (id !== null) return id;
  }
  return null;
}

/** The first value that is an id. */
function firstId(values: readonly unknown[]): string | null {
  for (const value of values) {
    const id = idOf(value);
    if (id !== null) return id;
  }
  return null;
}

function idOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const id = value.trim();
  return isPlain(id, ID_CHARS_MAX) ? id : null;
}

/** Those of the key come first, so that no client can crowd them out. */
function tagsOf(header: string | undefined, ofKey: readonly string[]): readonly string[] {
  if (header === undefined && ofKey.length === 0) return ofKey;
  const tags = [...ofKey, ...(header ?? '').split(',')].map((tag) => tag.trim());
  const unique = new Set(tags.filter((tag) => isPlain(tag, TAG_CHARS_MAX)));
  return [...unique].slice(0, TAGS_MAX).sort();
}

/** Whether a text is neither empty nor too long nor holds a control character, which no log and no table takes well. */
function isPlain(text: string, charsMax: number): boolean {
  return text.length > 0 && text.length <= charsMax && !/\p{Cc}|\p{Cs}/u.test(text);
}
