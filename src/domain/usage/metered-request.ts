import type { HeaderList } from '../headers.ts';
import type { Operation } from '../operations/operation.ts';
import { JsonOutline } from './json-outline.ts';
import type { OutlinePlan } from './json-outline.ts';
import { OUTPUT_LIMIT_MEMBERS } from './output-limits.ts';

/** All that metering, limits and attribution look at in a body. Who needs more of it names it here. */
const REQUEST_PLAN: OutlinePlan = {
  members: new Set([
    ...OUTPUT_LIMIT_MEMBERS,
    'requestMetadata',
    'metadata',
    'serviceTier',
    'service_tier',
    'performanceConfig',
    'modelId',
    'model',
    'rerankingConfiguration',
    'query',
    'queries',
    'guardrailConfig',
    'taskType',
    'imageGenerationConfig',
    'width',
    'height',
    'steps',
    'inputType',
    'modelInput.taskType',
    'modelInput.videoGenerationConfig',
    'modelInput.duration',
    'modelInput.resolution',
    'modelInput.inputType',
    'modelInput.lengthSec',
  ]),
  counted: new Set([
    'query',
    'documents',
    'sources',
    'content',
    'images',
    'inputImage',
    'inputText',
    'inputs',
    'texts',
    'singleEmbeddingParams',
    'messages',
    'prompt',
    'anthropic_version',
    'modelInput.multiShotManualParams.shots',
  ]),
  opened: new Set(['additionalModelRequestFields', 'modelInput', 'modelInput.multiShotManualParams']),
};

const NO_BODY = new Uint8Array();

/** A request as far as metering goes. Its body is looked into at most once, when somebody first asks. */
export class MeteredRequest {
  readonly operation: Operation;
  /** The model that answers, as the request names it, percent-decoded; null where it does not. */
  readonly modelId: string | null;
  readonly headers: HeaderList;
  readonly bodyBytes: number;
  #body: Uint8Array;
  #outline: JsonOutline | null = null;

  constructor(operation: Operation, modelId: string | null, headers: HeaderList, body: Uint8Array) {
    this.operation = operation;
    this.modelId = modelId;
    this.headers = headers;
    this.bodyBytes = body.length;
    this.#body = body;
  }

  /** The whole body; empty where there is none, and after `letGoOfBody`. */
  get body(): Uint8Array {
    return this.#body;
  }

  /** A running answer must not keep the request in memory: what may be asked of it later is read now. */
  letGoOfBody(): void {
    void this.outline;
    this.#body = NO_BODY;
  }

  /** Costs some 30 µs for 85 KB the first time. */
  get outline(): JsonOutline {
    if (this.#outline !== null) return this.#outline;
    const outline = new JsonOutline(REQUEST_PLAN);
    outline.push(asBuffer(this.#body));
    this.#outline = outline;
    return outline;
  }
}

/** The same bytes, not a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
