import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MASTER_KEY } from '../support/test-gateway.ts';
import { CONVERSE_INPUT, INVOKE_INPUT, MODEL_ID, type FaultedOperation } from './operations.ts';
import type { Seen } from './stream-clients.ts';

const answerSchema = z.object({ id: z.number(), clean: z.boolean(), error: z.string() });

const ARGUMENTS = {
  Converse: { method: 'converse', arguments: { modelId: MODEL_ID, ...CONVERSE_INPUT } },
  ConverseStream: { method: 'converse_stream', arguments: { modelId: MODEL_ID, ...CONVERSE_INPUT } },
  InvokeModelWithResponseStream: {
    method: 'invoke_model_with_response_stream',
    arguments: { modelId: MODEL_ID, body: JSON.stringify(INVOKE_INPUT) },
  },
};

/** boto3 in one Python process for many calls: starting one takes longer than all of them. */
export class Boto3Worker {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #gone: Promise<unknown>;
  readonly #waiting = new Map<number, (seen: Seen) => void>();
  #lastId = 0;

  constructor() {
    this.#process = spawn('python3', [fileURLToPath(new URL('boto3-worker.py', import.meta.url))], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#gone = once(this.#process, 'close');
    createInterface(this.#process.stdout).on('line', (line) => {
      const { id, clean, error } = answerSchema.parse(JSON.parse(line));
      this.#waiting.get(id)?.({ clean, error, body: null });
    });
  }

  /** @param retriesMax how often boto3 may try again; its own default when left out. */
  call(origin: string, operation: FaultedOperation['name'] | 'Converse', retriesMax?: number): Promise<Seen> {
    const id = (this.#lastId += 1);
    const retries = retriesMax === undefined ? {} : { retries: retriesMax };
    const line = { id, endpoint: `${origin}/bedrock`, key: MASTER_KEY, ...ARGUMENTS[operation], ...retries };
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#process.stdin.write(`${JSON.stringify(line)}\n`);
    });
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#gone;
  }
}
