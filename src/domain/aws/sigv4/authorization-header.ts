import { remember } from '../../remember.ts';

/** What a Signature Version 4 Authorization header claims. Nothing of it is verified. */
export interface Sigv4Authorization {
  /** Whatever stands before the scope: an access key id, or a bearer key some clients put in its place. */
  readonly accessKeyId: string;
  /** YYYYMMDD. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** Lower-case names in the order given, HTTP/2's `:authority` among them when the client signed it. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hex digits. */
  readonly signature: string;
}

/** Longest value looked at, in characters; real ones have a few hundred. */
const VALUE_LENGTH_MAX = 8192;
const ALGORITHM = 'AWS4-HMAC-SHA256';

const DATE = /^\d{8}$/;
const SCOPE_PART = /^[A-Za-z0-9_-]{1,64}$/;
const SIGNATURE = /^[0-9a-f]{64}$/;
/** RFC 9110 tokens in lower case, and pseudo-headers. */
const SIGNED_HEADER = /^:?[a-z0-9!#$%&'*+.^_`|~-]{1,256}$/;

/**
 * Takes the header apart as AWS documents it: algorithm, then Credential, SignedHeaders and Signature in any order,
 * separated by commas. Anything else is null: other algorithms, a part missing, unknown or given twice. Never throws.
 */
export function parseSigv4Authorization(value: string): Sigv4Authorization | null {
  if (value.length > VALUE_LENGTH_MAX || !value.startsWith(`${ALGORITHM} `)) return null;
  return parseUsual(value) ?? parseAny(value.slice(ALGORITHM.length + 1));
}

const USUAL =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_-]{1,64})\/aws4_request, ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/;

/** The spelling of all SDKs, read in one look. Null says nothing yet: `parseAny` reads the same out of it, only slower. */
function parseUsual(value: string): Sigv4Authorization | null {
  const match = USUAL.exec(value);
  if (match === null) return null;
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = match;
  const signedHeaders = parseSignedHeaders(names);
  return signedHeaders === null ? null : { accessKeyId, date, region, service, signedHeaders, signature };
}

function parseAny(text: string): Sigv4Authorization | null {
  const parts = parseParts(text);
  if (parts === null) return null;
  const credential = parseCredential(parts.credential);
  const signedHeaders = parseSignedHeaders(parts.signedHeaders);
  if (credential === null || signedHeaders === null || !SIGNATURE.test(parts.signature)) return null;
  return { ...credential, signedHeaders, signature: parts.signature };
}

/** A client signs the same headers each time, and most clients those of a few SDKs. */
const parseSignedHeaders = remember(
  (text): readonly string[] | null => {
    const names = text.split(';');
    return names.every((name) => SIGNED_HEADER.test(name)) ? names : null;
  },
  { textsMax: 1000, textLengthMax: 1024 },
);

interface Parts {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

function parseParts(text: string): Parts | null {
  const found = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(equals, 0)).trim();
    if (equals === -1 || found.has(name)) return null;
    found.set(name, part.slice(equals + 1).trim());
  }
  const credential = found.get('Credential');
  const signedHeaders = found.get('SignedHeaders');
  const signature = found.get('Signature');
  if (found.size !== 3 || credential === undefined || signedHeaders === undefined || signature === undefined)
    return null;
  return { credential, signedHeaders, signature };
}

type Credential = Pick<Sigv4Authorization, 'accessKeyId' | 'date' | 'region' | 'service'>;

/** The scope is the last four parts; a key in front of it may hold slashes of its own. */
function parseCredential(text: string): Credential | null {
  const parts = text.split('/');
  const [date, region, service, terminator] = parts.slice(-4);
  const accessKeyId = parts.slice(0, -4).join('/');
  if (accessKeyId === '' || terminator !== 'aws4_request') return null;
  if (date === undefined || region === undefined || service === undefined) return null;
  if (!DATE.test(date) || !SCOPE_PART.test(region) || !SCOPE_PART.test(service)) return null;
  return { accessKeyId, date, region, service };
}
