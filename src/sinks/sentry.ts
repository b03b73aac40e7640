import { z } from 'zod';
import type { CallRecord } from '../domain/call-record.ts';
import type { RefusalKind } from '../domain/errors.ts';
import { requireSuccess } from './delivery-fault.ts';
import { defineSink, SinkSettingsError } from './define-sink.ts';
import { deliverInParts, partsOf } from './in-parts.ts';
import { text } from './options.ts';
import { ALL_TAKEN } from './sink.ts';

const AT_ONCE_MAX = 4;

/** What an operator has to look into; what clients do wrong and limits that hold are none of it. */
const FAULTS: ReadonlySet<RefusalKind> = new Set<RefusalKind>([
  'internalError',
  'storeUnavailable',
  'limitsUnavailable',
  'spoolFull',
  'noCredentials',
  'upstreamUnreachable',
  'upstreamBroken',
]);

/** Faults of the gateway as events in Sentry: https://develop.sentry.dev/sdk/foundations/transport/envelopes/ */
export const sink = defineSink({
  about: 'faults of the gateway as events in Sentry',
  delivery: 'best-effort',
  options: z.strictObject({ dsn: text, environment: text.optional() }),
  variables: { dsn: ['SENTRY_DSN'], environment: ['SENTRY_ENVIRONMENT'] },
  secrets: ['dsn'],
  open: ({ dsn, environment }, { http, clock }) => {
    const { url, publicKey } = readDsn(dsn);
    const post = async ([line = '']: readonly string[], signal: AbortSignal): Promise<typeof ALL_TAKEN> => {
      const answer = await http.send(
        {
          method: 'POST',
          url,
          headers: {
            'content-type': 'application/x-sentry-envelope',
            'x-sentry-auth': `Sentry sentry_version=7, sentry_client=outcrop/1, sentry_key=${publicKey}`,
          },
          body: line,
        },
        signal,
      );
      requireSuccess(answer, clock.nowMs());
      return ALL_TAKEN;
    };
    return {
      kind: 'lines',
      reaches: url,
      encode: ({ record }) => (isFault(record) ? envelopeOf(record, environment) : null),
      deliver: (lines, signal) =>
        deliverInParts(lines, partsOf(lines.length, 1), AT_ONCE_MAX, (part) => post(part, signal)),
    };
  },
});

function isFault({ refusal, outcome }: CallRecord): boolean {
  return refusal === null ? outcome === 'broken' : FAULTS.has(refusal);
}

/** `https://KEY@HOST/PATH/PROJECT`. @throws SinkSettingsError */
function readDsn(dsn: string): { url: URL; publicKey: string } {
  const parsed = URL.parse(dsn);
  const [, prefix = '', project = ''] = /^(\/(?:.*\/)?)(\d+)$/.exec(parsed?.pathname ?? '') ?? [];
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.username === '' || project === '') {
    throw new SinkSettingsError(['dsn (or SENTRY_DSN in the environment) must look like https://KEY@HOST/PROJECT']);
  }
  return { url: new URL(`${prefix}api/${project}/envelope/`, parsed.origin), publicKey: parsed.username };
}

function envelopeOf(record: CallRecord, environment: string | undefined): string {
  const fault = record.refusal ?? record.outcome;
  const operation = record.operation ?? 'a request';
  const eventId = record.id.replaceAll('-', '');
  const event = JSON.stringify({
    event_id: eventId,
    timestamp: (record.startedAtMs + record.durationMs) / 1000,
    platform: 'node',
    level: 'error',
    logger: 'outcrop',
    environment,
    message: { formatted: `${fault} in ${operation}` },
    // One issue for each kind of fault of an operation, whatever the model.
    fingerprint: [fault, record.service ?? '', record.operation ?? ''],
    tags: {
      fault,
      service: record.service,
      operation: record.operation,
      model: record.modelId,
      region: record.region,
      status: record.status,
    },
    extra: { request_id: record.id, aws_request_id: record.awsRequestId, duration_ms: record.durationMs },
  });
  const header = JSON.stringify({ event_id: eventId });
  return `${header}\n${JSON.stringify({ type: 'event', length: Buffer.byteLength(event) })}\n${event}\n`;
}
