import { z } from 'zod';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { awsUrl, createAwsTarget, keyPart, ownCredentials, region, REGION_VARIABLES } from './aws/target.ts';
import { LINE_BYTES_MAX } from './delivery/outbox/frame.ts';
import { DeliveryFault, isSuccess, retryAfterMs } from './delivery-fault.ts';
import { defineSink } from './define-sink.ts';
import { gzip } from './gzip.ts';
import { deliverInParts } from './in-parts.ts';
import { flag, httpUrl, payloadFormat, stripBase64Files, text } from './options.ts';
import { objectKey, partitionPath, placesByPartition } from './s3-key.ts';
import { ALL_TAKEN } from './sink.ts';

/** The payload shares its line with the names of the partition: team and key, 512 characters each, escaped. */
const PAYLOAD_BYTES_MAX = LINE_BYTES_MAX - 64 * 1024;
const AT_ONCE_MAX = 4;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; other stores keep to it too. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Objects of JSON lines in S3, or in what speaks its protocol. LiteLLM's `s3_callback_params`. */
export const sink = defineSink({
  about: 'objects of JSON lines in S3 or any store that speaks its protocol',
  delivery: 'at-least-once',
  bounds: { batchSize: 5000, flushIntervalMs: 60_000 },
  options: z.strictObject({
    s3_bucket_name: z.string().regex(BUCKET, 'must be the name of a bucket'),
    s3_region_name: region,
    s3_path: text.optional(),
    s3_endpoint_url: httpUrl.optional(),
    s3_use_virtual_hosted_style: flag(false),
    s3_use_team_prefix: flag(false),
    s3_use_key_prefix: flag(false),
    s3_strip_base64_files: stripBase64Files,
    s3_compression: z.enum(['gzip', 'none']).default('gzip'),
    s3_server_side_encryption: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional(),
    s3_sse_kms_key_id: text.optional(),
    s3_aws_access_key_id: keyPart,
    s3_aws_secret_access_key: keyPart,
    s3_aws_session_token: keyPart,
    format: payloadFormat('litellm'),
  }),
  variables: {
    s3_bucket_name: ['S3_BUCKET_NAME'],
    s3_region_name: ['S3_REGION_NAME', ...REGION_VARIABLES],
    s3_path: ['S3_PATH'],
    s3_endpoint_url: ['S3_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'],
    s3_aws_access_key_id: ['S3_AWS_ACCESS_KEY_ID'],
    s3_aws_secret_access_key: ['S3_AWS_SECRET_ACCESS_KEY'],
    s3_aws_session_token: ['S3_AWS_SESSION_TOKEN'],
  },
  secrets: ['s3_aws_secret_access_key', 's3_aws_session_token'],
  open: (options, context) => {
    const credentials = ownCredentials(
      {
        accessKeyId: options.s3_aws_access_key_id,
        secretAccessKey: options.s3_aws_secret_access_key,
        sessionToken: options.s3_aws_session_token,
      },
      's3_aws',
    );
    const send = createAwsTarget({ context, service: 's3', region: options.s3_region_name, credentials });
    const { origin, pathPrefix } = bucketPlace(options);
    const zips = options.s3_compression === 'gzip';
    const fixedHeaders = {
      'content-type': zips ? 'application/gzip' : 'application/x-ndjson',
      ...encryptionHeaders(options),
    };
    const put = async (lines: readonly string[], signal: AbortSignal): Promise<typeof ALL_TAKEN> => {
      const [first = ''] = lines;
      const payloads = `${lines.map((line) => line.slice(line.indexOf('\n') + 1)).join('\n')}\n`;
      const key = objectKey(first, { path: options.s3_path ?? '', suffix: zips ? '.jsonl.gz' : '.jsonl' });
      const answer = await send(
        {
          method: 'PUT',
          url: origin,
          path: `${pathPrefix}/${key}`,
          headers: fixedHeaders,
          body: zips ? await gzip(payloads) : payloads,
        },
        signal,
      );
      if (!isSuccess(answer)) throw s3Fault(answer, context.clock.nowMs());
      return ALL_TAKEN;
    };
    return {
      kind: 'lines',
      reaches: origin,
      encode: (event) =>
        `${partitionPath(event.record, options)}\n${boundedPayloadText(event, options.format, PAYLOAD_BYTES_MAX)}`,
      deliver: (lines, signal) =>
        deliverInParts(lines, placesByPartition(lines), AT_ONCE_MAX, (part) => put(part, signal)),
    };
  },
});

interface BucketOptions {
  readonly s3_bucket_name: string;
  readonly s3_region_name: string;
  readonly s3_endpoint_url?: URL | undefined;
  readonly s3_use_virtual_hosted_style: boolean;
}

/** At AWS the bucket is part of the host, but for names with dots, which no certificate covers. */
function bucketPlace(options: BucketOptions): { origin: URL; pathPrefix: string } {
  const { s3_bucket_name: bucket, s3_endpoint_url: endpoint } = options;
  const origin = new URL(endpoint ?? awsUrl('s3', options.s3_region_name));
  const below = origin.pathname.replace(/\/+$/, '');
  const isInHost = endpoint === undefined ? !bucket.includes('.') : options.s3_use_virtual_hosted_style;
  if (!isInHost) return { origin, pathPrefix: `${below}/${bucket}` };
  origin.hostname = `${bucket}.${origin.hostname}`;
  return { origin, pathPrefix: below };
}

function encryptionHeaders(options: {
  s3_server_side_encryption?: string | undefined;
  s3_sse_kms_key_id?: string | undefined;
}): Record<string, string> {
  const keyId = options.s3_sse_kms_key_id;
  const algorithm = options.s3_server_side_encryption ?? (keyId === undefined ? undefined : 'aws:kms');
  if (algorithm === undefined) return {};
  const header = { 'x-amz-server-side-encryption': algorithm };
  return keyId === undefined ? header : { ...header, 'x-amz-server-side-encryption-aws-kms-key-id': keyId };
}

const CODE = /<Code>([A-Za-z0-9.]{1,100})<\/Code>/;

/** S3 answers 400 for credentials that have expired and other things that can be mended: nothing is refused for good. */
function s3Fault(answer: { status: number; text: string; retryAfter: string | null }, nowMs: number): DeliveryFault {
  const [, code] = CODE.exec(answer.text) ?? [];
  const told = code === undefined ? '' : ` ${code}`;
  return new DeliveryFault('again', `it answered ${answer.status}${told}`, retryAfterMs(answer.retryAfter, nowMs));
}
