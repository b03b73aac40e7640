import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { FrameReader } from '../../../src/domain/aws/event-stream/frame-reader.ts';
import { encodeExceptionFrame, encodeFrame } from '../../../src/domain/aws/event-stream/frame-writer.ts';
import { HeaderList } from '../../../src/domain/headers.ts';
import type { Operation } from '../../../src/domain/operations/operation.ts';
import { OPERATIONS } from '../../../src/domain/operations/table.ts';
import { createUsageReader } from '../../../src/domain/usage/create-usage-reader.ts';
import { MeteredRequest } from '../../../src/domain/usage/metered-request.ts';
import { USAGE_UNITS } from '../../../src/domain/usage/usage.ts';
import type { Usage } from '../../../src/domain/usage/usage.ts';

/** A call as it stands in `test/fixtures/usage`, worked by hand. */
const fixtureSchema = z.strictObject({
  name: z.string(),
  operation: z.string(),
  modelId: z.string().nullable(),
  request: z.unknown(),
  requestHeaders: z.record(z.string(), z.string()).default({}),
  status: z.number().default(200),
  headers: z.record(z.string(), z.string()).default({}),
  answer: z.unknown().optional(),
  answerText: z.string().optional(),
  /** Event type, with a `!` in front of an exception, and payload. */
  events: z.array(z.tuple([z.string(), z.unknown()])).optional(),
  /** What stands in base64 in `chunk` events. */
  chunks: z.array(z.unknown()).optional(),
  usage: z.strictObject({
    /** Unit, quantity, model, variant. */
    lines: z.array(z.tuple([z.enum(USAGE_UNITS), z.number()]).rest(z.string().nullable())),
    source: z.enum(['answer', 'request', 'free', 'unknown']).default('answer'),
    complete: z.boolean().default(true),
    serviceTier: z.enum(['flex', 'priority', 'reserved']).nullable().default(null),
    latencyOptimized: z.boolean().default(false),
  }),
});

export interface Fixture {
  readonly name: string;
  readonly request: MeteredRequest;
  readonly status: number;
  readonly headers: readonly string[];
  /** The bytes of the answer. */
  readonly answer: Buffer;
  readonly isStream: boolean;
  readonly usage: Usage;
}

const FOLDER = path.join(import.meta.dirname, '../../fixtures/usage');

export const FIXTURES: readonly Fixture[] = readdirSync(FOLDER).flatMap((file) => {
  const content: unknown = JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'));
  return z.array(fixtureSchema).parse(content).map(toFixture);
});

function toFixture(read: z.infer<typeof fixtureSchema>): Fixture {
  const { events, chunks } = read;
  const isStream = events !== undefined || chunks !== undefined;
  const frames = [
    ...(events ?? []).map(([type, payload]) => eventFrame(type, payload)),
    ...(chunks ?? []).map(chunkFrame),
  ];
  const { lines, ...rest } = read.usage;
  return {
    name: read.name,
    request: requestFor(read.operation, {
      modelId: read.modelId,
      headers: Object.entries(read.requestHeaders).flat(),
      body: Buffer.from(JSON.stringify(expanded(read.request))),
    }),
    status: read.status,
    headers: Object.entries(read.headers).flat(),
    answer: isStream ? Buffer.concat(frames) : Buffer.from(read.answerText ?? JSON.stringify(read.answer)),
    isStream,
    usage: {
      ...rest,
      lines: lines.map(([unit, quantity, modelId = null, variant = null]) => ({ unit, quantity, modelId, variant })),
    },
  };
}

export function operationNamed(name: string): Operation {
  const operation = OPERATIONS.find((candidate) => candidate.qualifiedName === name);
  if (operation === undefined) throw new Error(`No operation ${name}`);
  return operation;
}

export function requestFor(
  operation: string,
  {
    modelId = null,
    headers = [],
    body = '',
  }: { modelId?: string | null; headers?: readonly string[]; body?: Buffer | string | object },
): MeteredRequest {
  const bytes =
    typeof body === 'string' ? Buffer.from(body) : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return new MeteredRequest(operationNamed(operation), modelId, HeaderList.fromRaw(headers), bytes);
}

/** The same request with its body not yet looked into. */
function fresh({ operation, modelId, headers, body }: MeteredRequest): MeteredRequest {
  return new MeteredRequest(operation, modelId, headers, body);
}

export function eventFrame(type: string, payload: unknown): Buffer {
  if (type.startsWith('!')) return encodeExceptionFrame(type.slice(1), JSON.stringify(payload));
  const headers = [
    [':event-type', type],
    [':content-type', 'application/json'],
    [':message-type', 'event'],
  ] as const;
  return encodeFrame(headers, Buffer.from(JSON.stringify(payload)));
}

export function chunkFrame(chunk: unknown): Buffer {
  return eventFrame('chunk', { bytes: Buffer.from(JSON.stringify(chunk)).toString('base64'), p: 'abcdefghijkl' });
}

/** What the reader says after an answer that came cut at these ascending offsets. */
export function usageOf(fixture: Fixture, answer: Buffer, cuts: readonly number[], complete: boolean): Usage {
  const reader = createUsageReader(fresh(fixture.request), fixture.status, fixture.headers);
  const frames = new FrameReader({ onFrame: (frame) => reader.frame(frame) });
  let start = 0;
  for (const end of [...cuts, answer.length]) {
    const chunk = Buffer.from(answer.subarray(start, end));
    if (fixture.isStream) frames.push(chunk);
    else reader.push(chunk);
    // The socket's next read may land in the same memory: a reader that kept a view of it is found out.
    chunk.fill(0x22);
    start = end;
  }
  return reader.end(complete);
}

/** `{ "$repeat": value, "times": n }` stands for a long list. */
function expanded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expanded);
  if (typeof value !== 'object' || value === null) return value;
  if ('$repeat' in value && 'times' in value) return Array.from({ length: Number(value.times) }, () => value.$repeat);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, expanded(inner)]));
}
