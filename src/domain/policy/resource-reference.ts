import { parseArn } from '../aws/arn.ts';
import type { Arn } from '../aws/arn.ts';

/** Something a request is about or takes from, other than a model. */
export type ResourceReference =
  | {
      readonly kind: 'resource';
      readonly text: string;
      /** As in ARNs, e.g. `knowledge-base`; empty where an ARN of another service has none. */
      readonly type: string;
      /** Null for ARNs of other services, whose resources have no ids of Bedrock. */
      readonly id: string | null;
      readonly arn: Arn | null;
    }
  /** `place` is `s3://bucket/key`; a whole bucket is `s3://bucket/`. */
  | { readonly kind: 's3'; readonly text: string; readonly place: string; readonly arn: Arn | null }
  /** No form that says what is meant. */
  | { readonly kind: 'unknown'; readonly text: string };

/** Types that are parts or variants of another: whoever may use the whole may use them. */
const TYPE_OF: ReadonlyMap<string, string> = new Map([
  ['agent-alias', 'agent'],
  ['agent-runtime', 'runtime'],
  ['browser-custom', 'browser'],
  ['code-interpreter-custom', 'code-interpreter'],
]);

const BEDROCK_SERVICES = new Set(['bedrock', 'bedrock-agentcore']);
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,2047}$/;

/** Bucket names: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const S3_URI = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[\x21-\x7e]*)?$/;
/** S3 takes keys as they are, but what stands between may decode or resolve these. */
const MANGLED_KEY = /%|\\|\/\/|\/\.{1,2}(?:\/|$)/;

/** @param type what the member or label that holds `text` names, e.g. `knowledge-base`. Total. */
export function parseResource(type: string, text: string): ResourceReference {
  if (!text.startsWith('arn:')) {
    return ID.test(text)
      ? { kind: 'resource', text, type: TYPE_OF.get(type) ?? type, id: withoutVersion(text), arn: null }
      : { kind: 'unknown', text };
  }
  const arn = parseArn(text);
  if (arn === null) return { kind: 'unknown', text };
  if (arn.service === 's3') return ofPlace(text, `s3://${arn.resource}`, arn);
  if (!BEDROCK_SERVICES.has(arn.service)) return { kind: 'resource', text, type: '', id: null, arn };
  const [ownType = '', id = ''] = arn.resource.split('/');
  if (!ID.test(id)) return { kind: 'unknown', text };
  return { kind: 'resource', text, type: TYPE_OF.get(ownType) ?? ownType, id: withoutVersion(id), arn };
}

/** @param text an `s3://` URI. */
export function parseS3Uri(text: string): ResourceReference {
  return ofPlace(text, text, null);
}

/** @param text the name of a bucket, all of which is meant. */
export function parseBucket(text: string): ResourceReference {
  return text.includes('/') ? { kind: 'unknown', text } : ofPlace(text, `s3://${text}/`, null);
}

function ofPlace(text: string, uri: string, arn: Arn | null): ResourceReference {
  const place = uri.includes('/', 's3://'.length) ? uri : `${uri}/`;
  const key = place.slice('s3://'.length);
  if (!S3_URI.test(place) || MANGLED_KEY.test(key)) return { kind: 'unknown', text };
  return { kind: 's3', text, place, arn };
}

/** `PROMPT12345:3` is a version of `PROMPT12345`. */
function withoutVersion(id: string): string {
  return id.split(':', 1)[0] ?? id;
}
