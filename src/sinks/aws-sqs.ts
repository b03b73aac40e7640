import { hash } from 'node:crypto';
import { z } from 'zod';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { createAwsJson } from './aws/json.ts';
import { keyPart, ownCredentials, region } from './aws/target.ts';
import { defineSink, SinkSettingsError } from './define-sink.ts';
import { deliverInParts } from './in-parts.ts';
import { httpUrl, payloadFormat, stripBase64Files } from './options.ts';
import { partsWithin } from './parts-within.ts';
import type { BatchResult } from './sink.ts';

/**
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html. A message may have 1 MiB
 * since August 2025; 256 KiB is what queues of before and stores that speak the protocol take.
 */
const MESSAGES_MAX = 10;
const MESSAGE_BYTES_MAX = 256 * 1024;
const AT_ONCE_MAX = 10;

const REFUSALS: ReadonlySet<string> = new Set([
  'InvalidMessageContents',
  'InvalidParameterValue',
  'InvalidBatchEntryId',
  'BatchRequestTooLong',
  'BatchEntryIdsNotDistinct',
  'InvalidAttributeValue',
  'SerializationException',
  'ValidationException',
]);

const answerShape = z.object({
  Failed: z.array(z.object({ Id: z.string(), Code: z.string(), SenderFault: z.boolean() })).nullish(),
});

/** Messages in SQS, a call each. LiteLLM's `aws_sqs_callback_params`. */
export const sink = defineSink({
  about: 'messages in Amazon SQS',
  delivery: 'at-least-once',
  options: z.strictObject({
    sqs_queue_url: httpUrl,
    sqs_region_name: region.optional(),
    sqs_endpoint_url: httpUrl.optional(),
    sqs_aws_access_key_id: keyPart,
    sqs_aws_secret_access_key: keyPart,
    sqs_aws_session_token: keyPart,
    sqs_strip_base64_files: stripBase64Files,
    format: payloadFormat('litellm'),
  }),
  variables: {
    sqs_queue_url: ['SQS_QUEUE_URL'],
    sqs_region_name: ['SQS_REGION_NAME'],
    sqs_endpoint_url: ['SQS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_SQS'],
    sqs_aws_access_key_id: ['SQS_AWS_ACCESS_KEY_ID'],
    sqs_aws_secret_access_key: ['SQS_AWS_SECRET_ACCESS_KEY'],
    sqs_aws_session_token: ['SQS_AWS_SESSION_TOKEN'],
  },
  secrets: ['sqs_aws_secret_access_key', 'sqs_aws_session_token'],
  open: (options, context) => {
    const { sqs_queue_url: queue, sqs_endpoint_url: endpoint } = options;
    const credentials = ownCredentials(
      {
        accessKeyId: options.sqs_aws_access_key_id,
        secretAccessKey: options.sqs_aws_secret_access_key,
        sessionToken: options.sqs_aws_session_token,
      },
      'sqs_aws',
    );
    const url = new URL((endpoint ?? queue).origin);
    const call = createAwsJson({
      context,
      service: 'sqs',
      region: options.sqs_region_name ?? regionOf(queue),
      url,
      credentials,
      version: '1.0',
      target: 'AmazonSQS',
      refusals: REFUSALS,
    });
    const isFifo = queue.pathname.endsWith('.fifo');
    const sendMessages = async (lines: readonly string[], signal: AbortSignal): Promise<BatchResult> => {
      const entries = lines.map((line, place) => ({
        Id: String(place),
        MessageBody: line,
        ...(isFifo ? { MessageGroupId: 'outcrop', MessageDeduplicationId: hash('sha256', line) } : {}),
      }));
      return resultOf(await call('SendMessageBatch', { QueueUrl: queue.href, Entries: entries }, signal));
    };
    return {
      kind: 'lines',
      reaches: url,
      encode: (event) => boundedPayloadText(event, options.format, MESSAGE_BYTES_MAX),
      deliver: (lines, signal) => {
        const parts = partsWithin(lines, { itemsMax: MESSAGES_MAX, bytesMax: MESSAGE_BYTES_MAX });
        // The order of a FIFO queue is that of the requests.
        return deliverInParts(lines, parts, isFifo ? 1 : AT_ONCE_MAX, (part) => sendMessages(part, signal));
      },
    };
  },
});

/** Each message of a batch has an answer of its own. */
function resultOf(answer: unknown): BatchResult {
  const failed = answerShape.safeParse(answer).data?.Failed ?? [];
  const places = (isSendersFault: boolean): number[] =>
    failed.filter(({ SenderFault }) => SenderFault === isSendersFault).map(({ Id }) => Number(Id));
  const [first] = failed;
  return {
    again: places(false),
    refused: places(true),
    reason: first === undefined ? null : `it did not take all messages: ${first.Code.slice(0, 100)}`,
  };
}

/** `https://sqs.us-east-1.amazonaws.com/…` names its region. */
function regionOf(queue: URL): string {
  const [service, named = ''] = queue.hostname.split('.');
  if (service === 'sqs' && region.safeParse(named).success) return named;
  throw new SinkSettingsError([
    'sqs_region_name is missing (or SQS_REGION_NAME in the environment): the address of the queue does not name it',
  ]);
}
