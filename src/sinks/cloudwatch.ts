import { z } from 'zod';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { AwsFault, type CallAwsJson, createAwsJson } from './aws/json.ts';
import { awsUrl, keyPart, ownCredentials, region, REGION_VARIABLES } from './aws/target.ts';
import { defineSink } from './define-sink.ts';
import { deliverInParts } from './in-parts.ts';
import { httpUrl, payloadFormat, text } from './options.ts';
import { partsWithin } from './parts-within.ts';
import type { BatchResult } from './sink.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const EVENTS_MAX = 10_000;
const BATCH_BYTES_MAX = 1_048_576;
const BYTES_EACH = 26;
/** What one event may have in every partition: 1 MB where it is newest, 256 KB elsewhere. */
const EVENT_BYTES_MAX = 256 * 1024 - BYTES_EACH;

const REFUSALS: ReadonlySet<string> = new Set([
  'InvalidParameterException',
  'SerializationException',
  'ValidationException',
]);

const answerShape = z.object({
  rejectedLogEventsInfo: z
    .object({
      tooNewLogEventStartIndex: z.number().nullish(),
      tooOldLogEventEndIndex: z.number().nullish(),
      expiredLogEventEndIndex: z.number().nullish(),
    })
    .nullish(),
});

/** Log events in CloudWatch Logs. Group and stream are made when they are not there, if that is allowed. */
export const sink = defineSink({
  about: 'log events in Amazon CloudWatch Logs',
  delivery: 'best-effort',
  bounds: { batchSize: 1000 },
  options: z.strictObject({
    cloudwatch_log_group: text.max(512),
    cloudwatch_log_stream: text.max(512).default('outcrop'),
    cloudwatch_region_name: region,
    cloudwatch_endpoint_url: httpUrl.optional(),
    cloudwatch_aws_access_key_id: keyPart,
    cloudwatch_aws_secret_access_key: keyPart,
    cloudwatch_aws_session_token: keyPart,
    format: payloadFormat('outcrop'),
  }),
  variables: {
    cloudwatch_log_group: ['CLOUDWATCH_LOG_GROUP'],
    cloudwatch_log_stream: ['CLOUDWATCH_LOG_STREAM'],
    cloudwatch_region_name: ['CLOUDWATCH_REGION_NAME', ...REGION_VARIABLES],
    cloudwatch_endpoint_url: ['CLOUDWATCH_ENDPOINT_URL', 'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS'],
    cloudwatch_aws_access_key_id: ['CLOUDWATCH_AWS_ACCESS_KEY_ID'],
    cloudwatch_aws_secret_access_key: ['CLOUDWATCH_AWS_SECRET_ACCESS_KEY'],
    cloudwatch_aws_session_token: ['CLOUDWATCH_AWS_SESSION_TOKEN'],
  },
  secrets: ['cloudwatch_aws_secret_access_key', 'cloudwatch_aws_session_token'],
  open: (options, context) => {
    const credentials = ownCredentials(
      {
        accessKeyId: options.cloudwatch_aws_access_key_id,
        secretAccessKey: options.cloudwatch_aws_secret_access_key,
        sessionToken: options.cloudwatch_aws_session_token,
      },
      'cloudwatch_aws',
    );
    const url = options.cloudwatch_endpoint_url ?? awsUrl('logs', options.cloudwatch_region_name);
    const call = createAwsJson({
      context,
      service: 'logs',
      region: options.cloudwatch_region_name,
      url,
      credentials,
      version: '1.1',
      target: 'Logs_20140328',
      refusals: REFUSALS,
    });
    const stream = { logGroupName: options.cloudwatch_log_group, logStreamName: options.cloudwatch_log_stream };
    const putEvents = async (lines: readonly string[], signal: AbortSignal): Promise<BatchResult> => {
      const logEvents = lines.map(logEventOf);
      const put = (): Promise<unknown> => call('PutLogEvents', { ...stream, logEvents }, signal);
      const answer = await put().catch(async (error: unknown) => {
        if (!(error instanceof AwsFault) || error.code !== 'ResourceNotFoundException') throw error;
        await makeStream(call, stream, signal);
        return put();
      });
      return resultOf(answer, lines.length);
    };
    return {
      kind: 'lines',
      reaches: url,
      encode: (event) =>
        `${Math.trunc(event.record.startedAtMs)} ${boundedPayloadText(event, options.format, EVENT_BYTES_MAX)}`,
      deliver: async (lines, signal) => {
        // A batch must be in the order of its times; a long call comes later than a short one that began after it.
        const places = [...lines.keys()].sort((a, b) => timeOf(lines[a]) - timeOf(lines[b]));
        const sorted = places.map((place) => lines[place] ?? '');
        const parts = partsWithin(sorted, { itemsMax: EVENTS_MAX, bytesMax: BATCH_BYTES_MAX, bytesEach: BYTES_EACH });
        const result = await deliverInParts(sorted, parts, 1, (part) => putEvents(part, signal));
        const back = (list: readonly number[]): number[] => list.map((place) => places[place] ?? place);
        return { ...result, again: back(result.again), refused: back(result.refused) };
      },
    };
  },
});

function timeOf(line = ''): number {
  return Number(line.slice(0, line.indexOf(' ')));
}

function logEventOf(line: string): { timestamp: number; message: string } {
  return { timestamp: timeOf(line), message: line.slice(line.indexOf(' ') + 1) };
}

/** Only the stream may be missing: then making the group says that it is there. */
async function makeStream(
  call: CallAwsJson,
  { logGroupName, logStreamName }: { logGroupName: string; logStreamName: string },
  signal: AbortSignal,
): Promise<void> {
  await unlessThere(call('CreateLogGroup', { logGroupName }, signal));
  await unlessThere(call('CreateLogStream', { logGroupName, logStreamName }, signal));
}

async function unlessThere(made: Promise<unknown>): Promise<void> {
  await made.catch((error: unknown) => {
    if (!(error instanceof AwsFault) || error.code !== 'ResourceAlreadyExistsException') throw error;
  });
}

/** Events that are too old or too new are left out by AWS while it takes the others. */
function resultOf(answer: unknown, count: number): BatchResult {
  const rejected = answerShape.safeParse(answer).data?.rejectedLogEventsInfo ?? {};
  const oldEnd = Math.max(rejected.tooOldLogEventEndIndex ?? 0, rejected.expiredLogEventEndIndex ?? 0);
  const newStart = rejected.tooNewLogEventStartIndex ?? count;
  const refused = Array.from({ length: count }, (_, place) => place).filter(
    (place) => place < oldEnd || place >= newStart,
  );
  return { again: [], refused, reason: refused.length > 0 ? 'their time is out of what the log group takes' : null };
}
