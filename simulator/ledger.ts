import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { ArrivedRequest } from './arrived-request.ts';
import type { ServiceId } from './services.ts';

/** What the simulator saw and answered, so that a test can ask for it afterwards. */

/** `running` until the answer is over; `client-gone` when the client left first; `fault` when an injected fault ended it. */
export type Ending = 'running' | 'completed' | 'client-gone' | 'fault';

export interface SimulatorRequest extends ArrivedRequest {
  /** Counts up from 1 over the life of the simulator. */
  readonly number: number;
  /** The `x-amzn-requestid` of the answer. */
  readonly requestId: string;
  readonly service: ServiceId;
  /** Undefined when the method and path are no operation. */
  readonly operation: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** The query, decoded. */
  readonly query: Readonly<Record<string, string>>;
  /** `unchecked` when the request was refused before its signature was looked at; a text says why it was refused. */
  readonly signature: 'valid' | 'bearer' | 'unchecked' | 'refused';
  /** Undefined unless the signature is valid. */
  readonly accessKeyId: string | undefined;
  /** The credential scope: date, region, service and `aws4_request`. Undefined unless the signature is valid. */
  readonly scope: string | undefined;
  /** The status that was answered; undefined while there is none. */
  readonly status: number | undefined;
  /** Why the simulator refused the request; undefined when it did not. */
  readonly refusal: string | undefined;
  readonly ended: Ending;
  /** Bytes of the answer's body that were handed to the socket. */
  readonly responseBytes: number;
  /** SHA-256 of those bytes in hex; undefined while the answer is running, or when hashing is off. */
  readonly responseSha256: string | undefined;
}

/** What is known of a request before its body has come. */
export type RequestHead = Omit<ArrivedRequest, 'body'> & Pick<SimulatorRequest, 'query'>;

/** The ledger's own view of a request: the parts that become known as it goes. */
export type OpenRecord = { -readonly [Key in keyof SimulatorRequest]: SimulatorRequest[Key] };

export class Ledger {
  readonly #records = new Map<number, { readonly record: OpenRecord; readonly hash: Hash | undefined }>();
  readonly #recordsMax: number;
  readonly #bodyBytesMax: number;
  readonly #hashResponses: boolean;
  readonly #changed: () => void;
  #bodyBytes = 0;
  #lastNumber = 0;

  /** Keeps the newest records: at most `recordsMax` of them, and their bodies at most `bodyBytesMax` together. */
  constructor(options: {
    readonly recordsMax: number;
    readonly bodyBytesMax: number;
    readonly hashResponses: boolean;
    readonly changed: () => void;
  }) {
    this.#recordsMax = options.recordsMax;
    this.#bodyBytesMax = options.bodyBytesMax;
    this.#hashResponses = options.hashResponses;
    this.#changed = options.changed;
  }

  requests(): readonly SimulatorRequest[] {
    return [...this.#records.values()].map(({ record }) => record);
  }

  clear(): void {
    this.#records.clear();
    this.#bodyBytes = 0;
  }

  /** Opens a record when a request's head has arrived. */
  open(service: ServiceId, requestId: string, head: RequestHead): OpenRecord {
    this.#lastNumber += 1;
    const record: OpenRecord = {
      ...head,
      number: this.#lastNumber,
      requestId,
      service,
      operation: undefined,
      labels: {},
      body: Buffer.alloc(0),
      signature: 'unchecked',
      accessKeyId: undefined,
      scope: undefined,
      status: undefined,
      refusal: undefined,
      ended: 'running',
      responseBytes: 0,
      responseSha256: undefined,
    };
    this.#records.set(record.number, {
      record,
      hash: this.#hashResponses ? createHash('sha256') : undefined,
    });
    this.#dropOldest();
    this.#changed();
    return record;
  }

  /** Notes the body, whole or as much of it as came. */
  received(record: OpenRecord, body: Buffer): void {
    record.body = body;
    if (!this.#records.has(record.number)) return;
    this.#bodyBytes += body.length;
    this.#dropOldest();
    this.#changed();
  }

  /** Notes bytes of the answer's body that were handed to the socket. */
  sent(record: OpenRecord, piece: Buffer): void {
    record.responseBytes += piece.length;
    this.#records.get(record.number)?.hash?.update(piece);
    this.#changed();
  }

  /** Notes how it ended. The first ending counts. */
  close(record: OpenRecord, ended: Ending): void {
    if (record.ended !== 'running') return;
    record.ended = ended;
    record.responseSha256 = this.#records.get(record.number)?.hash?.digest('hex');
    this.#changed();
  }

  #dropOldest(): void {
    for (const [number, { record }] of this.#records) {
      if (this.#records.size <= this.#recordsMax && this.#bodyBytes <= this.#bodyBytesMax) return;
      this.#records.delete(number);
      this.#bodyBytes -= record.body.length;
    }
  }
}
