import type { CallContent } from '../call-content.ts';
import type { CallRecord } from '../call-record.ts';
import type { CallTrace } from '../sink-event.ts';
import { usdNumber } from '../usd.ts';
import type { Usage, UsageUnit } from '../usage/usage.ts';
import type { AttributeWriter } from './attribute-writer.ts';
import type { DialectField, SpanDialect } from './dialect.ts';
import { isStreaming } from './gen-ai-operation.ts';
import { inputMessages, outputMessage } from './messages.ts';
import { serverAddress } from './server-address.ts';
import { snakeCase } from './snake-case.ts';
import { tokenUse } from './token-use.ts';

export const PROVIDER = 'aws.bedrock';

/** What the conventions call a call and how it failed: see `genAiOperation` and `errorType`. */
export interface CallWords {
  readonly operation: string | null;
  readonly error: string | null;
}

/**
 * Writes what is known of a call: by the semantic conventions for generative AI, HTTP and AWS where they have a name, else by
 * one that begins with `outcrop.`. https://opentelemetry.io/docs/specs/semconv/gen-ai/aws-bedrock/
 */
export function writeRecord(
  span: AttributeWriter,
  record: CallRecord,
  { operation, error }: CallWords,
  { names, fixed }: SpanDialect,
): void {
  const { attribution, usage } = record;
  if (operation !== null) {
    span.text('gen_ai.operation.name', operation);
    span.text('gen_ai.provider.name', PROVIDER);
    span.text('gen_ai.request.model', record.modelId);
    span.text('gen_ai.response.model', usage.lines[0]?.modelId ?? null);
    span.text('gen_ai.conversation.id', attribution.sessionId);
    if (isStreaming(record)) writeStream(span, record);
    writeTokens(span, record, names);
  }
  span.text('error.type', error);
  span.integer('http.response.status_code', record.status);
  span.integer('http.request.body.size', record.requestBytes);
  span.integer('http.response.body.size', record.responseBytes);
  span.text('aws.request_id', record.awsRequestId);
  span.text('rpc.system', 'aws-api');
  span.text('rpc.service', record.service);
  span.text('rpc.method', record.operation);
  span.text('cloud.region', record.region);
  span.text('client.address', record.clientAddress);
  span.text('user_agent.original', record.userAgent);
  span.text('session.id', attribution.sessionId);
  span.text('user.id', attribution.customerId ?? attribution.userId);
  writeOwn(span, record);
  writeDialect(span, record, names);
  for (const [name, value] of Object.entries(fixed)) span.text(name, value);
}

/** Writes what was seen on its way. */
export function writeTrace(span: AttributeWriter, { targetOrigin, pace }: CallTrace): void {
  const server = targetOrigin === null ? null : serverAddress(targetOrigin);
  if (server !== null) {
    span.text('server.address', server.address);
    span.integer('server.port', server.port);
  }
  if (pace === null) return;
  const { chunks, longestPauseMs } = pace;
  span.integer('outcrop.stream.chunks', chunks);
  span.double('outcrop.stream.longest_pause', longestPauseMs === null ? null : longestPauseMs / 1000);
}

function writeStream(span: AttributeWriter, { firstByteMs }: CallRecord): void {
  span.flag('gen_ai.request.stream', true);
  span.double('gen_ai.response.time_to_first_chunk', firstByteMs === null ? null : firstByteMs / 1000);
}

function writeTokens(span: AttributeWriter, { usage }: CallRecord, names: SpanDialect['names']): void {
  const tokens = tokenUse(usage);
  if (tokens === null) return;
  span.integer('gen_ai.usage.input_tokens', tokens.input);
  span.integer('gen_ai.usage.output_tokens', tokens.output);
  if (tokens.cacheRead > 0) span.integer('gen_ai.usage.cache_read.input_tokens', tokens.cacheRead);
  if (tokens.cacheWrite > 0) span.integer('gen_ai.usage.cache_creation.input_tokens', tokens.cacheWrite);
  const also = (field: DialectField, value: number): void => {
    const name = names[field];
    if (name !== undefined) span.integer(name, value);
  };
  also('inputTokens', tokens.input);
  also('outputTokens', tokens.output);
  also('totalTokens', tokens.input + tokens.output);
  also('cacheReadTokens', tokens.cacheRead);
  also('cacheWriteTokens', tokens.cacheWrite);
}

function writeOwn(span: AttributeWriter, record: CallRecord): void {
  const { attribution, firstByteMs, usage, cost } = record;
  span.text('outcrop.call.id', record.id);
  span.text('outcrop.outcome', record.outcome);
  span.text('outcrop.operation.kind', record.operationKind);
  span.double('outcrop.time_to_first_byte', firstByteMs === null ? null : firstByteMs / 1000);
  span.text('outcrop.key.id', attribution.keyId);
  span.text('outcrop.key.alias', attribution.keyAlias);
  span.text('outcrop.team.id', attribution.teamId);
  span.text('outcrop.user.id', attribution.userId);
  span.text('outcrop.customer.id', attribution.customerId);
  span.texts('outcrop.tags', attribution.tags);
  if (cost.kind === 'known') span.double('outcrop.cost.usd', usdNumber(cost.nanos));
  else span.text('outcrop.cost.missing', cost.missing);
  span.text('outcrop.price.version', record.priceVersion);
  if (record.reservedNanos > 0n) span.double('outcrop.reserved.usd', usdNumber(record.reservedNanos));
  span.text('outcrop.usage.source', usage.source);
  span.flag('outcrop.usage.complete', usage.complete);
  span.text('outcrop.service_tier', usage.serviceTier);
  if (usage.latencyOptimized) span.flag('outcrop.latency_optimized', true);
  for (const [unit, quantity] of otherUnits(usage)) span.double(`outcrop.usage.${snakeCase(unit)}`, quantity);
}

/** Units that the attributes of the conventions tell, alone or as what is left of a sum. */
const TOLD: ReadonlySet<UsageUnit> = new Set<UsageUnit>([
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWrite5mTokens',
]);

/** What the conventions have no attribute for: each unit once, whatever its variants. */
function otherUnits({ lines }: Usage): ReadonlyMap<UsageUnit, number> {
  const units = new Map<UsageUnit, number>();
  for (const { unit, quantity } of lines) {
    if (!TOLD.has(unit)) units.set(unit, (units.get(unit) ?? 0) + quantity);
  }
  return units;
}

function writeDialect(
  span: AttributeWriter,
  { attribution, modelId, cost }: CallRecord,
  names: SpanDialect['names'],
): void {
  if (names.model !== undefined) span.text(names.model, modelId);
  if (names.user !== undefined) span.text(names.user, attribution.customerId ?? attribution.userId);
  if (names.session !== undefined) span.text(names.session, attribution.sessionId);
  if (names.tags !== undefined) span.texts(names.tags, attribution.tags);
  if (names.costUsd !== undefined && cost.kind === 'known') span.double(names.costUsd, usdNumber(cost.nanos));
}

/** Writes what was asked and answered. @param isWhole whether the answer came to its end */
export function writeContent(
  span: AttributeWriter,
  { request, response }: CallContent,
  isWhole: boolean,
  { names }: SpanDialect,
): void {
  if (names.request !== undefined) span.text(names.request, request);
  else if (request !== null) {
    const { messages, system } = inputMessages(request);
    span.text('gen_ai.input.messages', JSON.stringify(messages));
    if (system.length > 0) span.text('gen_ai.system_instructions', JSON.stringify(system));
  }
  if (names.response !== undefined) span.text(names.response, response);
  else if (response !== null) {
    const message = outputMessage(response, isWhole);
    span.text('gen_ai.output.messages', JSON.stringify([message]));
    span.texts('gen_ai.response.finish_reasons', [message.finish_reason]);
  }
}
