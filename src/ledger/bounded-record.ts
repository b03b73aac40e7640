import type { Attribution, CallCost, CallRecord, CallStart } from '../domain/call-record.ts';
import type { Usage, UsageLine } from '../domain/usage/usage.ts';

/** In characters. What comes from clients or from Bedrock may be longer; no name that means anything is. */
const NAME_MAX = 512;
const MODEL_MAX = 2048;
const LINE_MODEL_MAX = 256;
const OTHER_MODELS_MAX = 64;
const TAG_MAX = 256;
const TAGS_MAX = 32;
const USAGE_LINES_MAX = 64;

/** How long a line can be without any text in it being too long. Nearly every line is shorter. */
const SHORT_LINE_MAX = 2048;

/**
 * Whether a call need not be looked at any closer, told from its line: JSON writes the characters that a database can't
 * hold with a backslash and u.
 */
export function isFineLine(line: string): boolean {
  return line.length <= SHORT_LINE_MAX && !line.includes('\\u');
}

/** Whether what databases have in an index is short enough for it. */
export function hasFineNames({ keyId, teamId, userId, customerId, tags }: Attribution): boolean {
  const longest = Math.max(keyId?.length ?? 0, teamId?.length ?? 0, userId?.length ?? 0, customerId?.length ?? 0);
  return longest <= NAME_MAX && tags.length <= TAGS_MAX && tags.every((tag) => tag.length <= TAG_MAX);
}

/** Whether JSON can hold all numbers of a record. */
export function hasFineNumbers({ durationMs, firstByteMs, usage }: CallRecord): boolean {
  return Number.isFinite(durationMs) && Number.isFinite(firstByteMs ?? 0) && usage.lines.every(isCountable);
}

/** A call as it may be stored: no text too long, nothing that JSON or a database can't hold. */
export function boundedStart(start: CallStart): CallStart {
  const attribution = boundedAttribution(start.attribution);
  const modelId = boundedOrNull(start.modelId, MODEL_MAX);
  const otherModels = boundedModels(start.otherModels);
  const isFine = attribution === start.attribution && modelId === start.modelId && otherModels === start.otherModels;
  return isFine ? start : { ...start, attribution, modelId, otherModels };
}

/** The same of a call that is over. */
export function boundedRecord(record: CallRecord): CallRecord {
  const attribution = boundedAttribution(record.attribution);
  const modelId = boundedOrNull(record.modelId, MODEL_MAX);
  const otherModels = boundedModels(record.otherModels);
  const awsRequestId = boundedOrNull(record.awsRequestId, NAME_MAX);
  const clientAddress = boundedOrNull(record.clientAddress, NAME_MAX);
  const userAgent = boundedOrNull(record.userAgent, NAME_MAX);
  const usage = boundedUsage(record.usage);
  const cost = boundedCost(record.cost);
  const durationMs = finite(record.durationMs);
  const firstByteMs = record.firstByteMs === null ? null : finite(record.firstByteMs);
  const isFine =
    attribution === record.attribution &&
    modelId === record.modelId &&
    otherModels === record.otherModels &&
    awsRequestId === record.awsRequestId &&
    clientAddress === record.clientAddress &&
    userAgent === record.userAgent &&
    usage === record.usage &&
    cost === record.cost &&
    durationMs === record.durationMs &&
    firstByteMs === record.firstByteMs;
  if (isFine) return record;
  return {
    ...record,
    attribution,
    modelId,
    otherModels,
    awsRequestId,
    clientAddress,
    userAgent,
    usage,
    cost,
    durationMs,
    firstByteMs,
  };
}

function boundedAttribution(attribution: Attribution): Attribution {
  const { keyId, keyAlias, teamId, userId, customerId, sessionId, tags } = attribution;
  const areNamesFine = [keyId, keyAlias, teamId, userId, customerId, sessionId].every(isFineName);
  if (areNamesFine && tags.length <= TAGS_MAX && tags.every(isFineTag)) return attribution;
  return {
    keyId: boundedOrNull(keyId, NAME_MAX),
    keyAlias: boundedOrNull(keyAlias, NAME_MAX),
    teamId: boundedOrNull(teamId, NAME_MAX),
    userId: boundedOrNull(userId, NAME_MAX),
    customerId: boundedOrNull(customerId, NAME_MAX),
    sessionId: boundedOrNull(sessionId, NAME_MAX),
    // Two tags may have become one, and each counts once.
    tags: [...new Set(tags.slice(0, TAGS_MAX).map((tag) => bounded(tag, TAG_MAX)))],
  };
}

function isFineName(name: string | null): boolean {
  return name === null || isFine(name, NAME_MAX);
}

function isFineTag(tag: string): boolean {
  return isFine(tag, TAG_MAX);
}

function boundedModels(models: readonly string[]): readonly string[] {
  if (models.length <= OTHER_MODELS_MAX && models.every((model) => isFine(model, MODEL_MAX))) return models;
  return models.slice(0, OTHER_MODELS_MAX).map((model) => bounded(model, MODEL_MAX));
}

function boundedCost(cost: CallCost): CallCost {
  return cost.kind === 'known' || isFineName(cost.missing)
    ? cost
    : { ...cost, missing: bounded(cost.missing, NAME_MAX) };
}

function boundedUsage(usage: Usage): Usage {
  const { lines } = usage;
  if (lines.length <= USAGE_LINES_MAX && lines.every(isFineUsageLine)) return usage;
  const kept = lines
    .filter(isCountable)
    .slice(0, USAGE_LINES_MAX)
    .map((line) => ({
      ...line,
      modelId: boundedOrNull(line.modelId, LINE_MODEL_MAX),
      variant: boundedOrNull(line.variant, LINE_MODEL_MAX),
    }));
  return { ...usage, lines: kept, complete: usage.complete && kept.length === lines.length };
}

function isFineUsageLine(line: UsageLine): boolean {
  const { modelId, variant } = line;
  return (
    isCountable(line) &&
    (modelId === null || isFine(modelId, LINE_MODEL_MAX)) &&
    (variant === null || isFine(variant, LINE_MODEL_MAX))
  );
}

/** JSON has no other numbers, and no database counts in them. */
function isCountable({ quantity }: UsageLine): boolean {
  return Number.isFinite(quantity) && quantity >= 0;
}

function finite(milliseconds: number): number {
  return Number.isFinite(milliseconds) ? milliseconds : 0;
}

function boundedOrNull(text: string | null, charactersMax: number): string | null {
  return text === null ? null : bounded(text, charactersMax);
}

function bounded(text: string, charactersMax: number): string {
  if (isFine(text, charactersMax)) return text;
  return text.slice(0, charactersMax).replaceAll('\0', '\uFFFD').toWellFormed();
}

function isFine(text: string, charactersMax: number): boolean {
  return text.length <= charactersMax && !text.includes('\0') && text.isWellFormed();
}
