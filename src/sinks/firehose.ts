import { z } from 'zod';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { createAwsJson } from './aws/json.ts';
import { awsUrl, keyPart, ownCredentials, region, REGION_VARIABLES } from './aws/target.ts';
import { defineSink } from './define-sink.ts';
import { deliverInParts } from './in-parts.ts';
import { httpUrl, payloadFormat, text } from './options.ts';
import { partsWithin } from './parts-within.ts';
import type { BatchResult } from './sink.ts';

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html */
const RECORDS_MAX = 500;
const RECORD_BYTES_MAX = 1000 * 1024;
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
const AT_ONCE_MAX = 4;

const REFUSALS: ReadonlySet<string> = new Set([
  'InvalidArgumentException',
  'SerializationException',
  'ValidationException',
]);

const answerShape = z.object({
  FailedPutCount: z.number(),
  RequestResponses: z.array(z.object({ ErrorCode: z.string().nullish() })),
});

/** Records in Amazon Data Firehose, a JSON line each. */
export const sink = defineSink({
  about: 'JSON lines in Amazon Data Firehose',
  delivery: 'at-least-once',
  bounds: { batchSize: RECORDS_MAX },
  options: z.strictObject({
    firehose_stream_name: text.max(64),
    firehose_region_name: region,
    firehose_endpoint_url: httpUrl.optional(),
    firehose_aws_access_key_id: keyPart,
    firehose_aws_secret_access_key: keyPart,
    firehose_aws_session_token: keyPart,
    format: payloadFormat('outcrop'),
  }),
  variables: {
    firehose_stream_name: ['FIREHOSE_STREAM_NAME'],
    firehose_region_name: ['FIREHOSE_REGION_NAME', ...REGION_VARIABLES],
    firehose_endpoint_url: ['FIREHOSE_ENDPOINT_URL', 'AWS_ENDPOINT_URL_FIREHOSE'],
    firehose_aws_access_key_id: ['FIREHOSE_AWS_ACCESS_KEY_ID'],
    firehose_aws_secret_access_key: ['FIREHOSE_AWS_SECRET_ACCESS_KEY'],
    firehose_aws_session_token: ['FIREHOSE_AWS_SESSION_TOKEN'],
  },
  secrets: ['firehose_aws_secret_access_key', 'firehose_aws_session_token'],
  open: (options, context) => {
    const credentials = ownCredentials(
      {
        accessKeyId: options.firehose_aws_access_key_id,
        secretAccessKey: options.firehose_aws_secret_access_key,
        sessionToken: options.firehose_aws_session_token,
      },
      'firehose_aws',
    );
    const url = options.firehose_endpoint_url ?? awsUrl('firehose', options.firehose_region_name);
    const call = createAwsJson({
      context,
      service: 'firehose',
      region: options.firehose_region_name,
      url,
      credentials,
      version: '1.1',
      target: 'Firehose_20150804',
      refusals: REFUSALS,
    });
    const putRecords = async (lines: readonly string[], signal: AbortSignal): Promise<BatchResult> => {
      // Firehose puts nothing between records.
      const records = lines.map((line) => ({ Data: Buffer.from(`${line}\n`).toString('base64') }));
      const input = { DeliveryStreamName: options.firehose_stream_name, Records: records };
      return resultOf(await call('PutRecordBatch', input, signal));
    };
    return {
      kind: 'lines',
      reaches: url,
      encode: (event) => boundedPayloadText(event, options.format, RECORD_BYTES_MAX - 1),
      deliver: (lines, signal) => {
        const parts = partsWithin(lines, { itemsMax: RECORDS_MAX, bytesMax: BATCH_BYTES_MAX, bytesEach: 1 });
        return deliverInParts(lines, parts, AT_ONCE_MAX, (part) => putRecords(part, signal));
      },
    };
  },
});

/** Records that failed in a batch did so for want of capacity, or a fault of the service. */
function resultOf(answer: unknown): BatchResult {
  const responses = answerShape.safeParse(answer).data?.RequestResponses ?? [];
  const failed = [...responses.entries()].filter(([, { ErrorCode }]) => ErrorCode !== undefined && ErrorCode !== null);
  const [first] = failed;
  return {
    again: failed.map(([place]) => place),
    refused: [],
    reason: first === undefined ? null : `it did not take all records: ${first[1].ErrorCode?.slice(0, 100)}`,
  };
}
