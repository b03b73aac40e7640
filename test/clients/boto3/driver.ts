import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { withoutAws } from '../run-command.ts';

export interface Boto3Client {
  readonly endpoint: string;
  /** Carried as `AWS_BEARER_TOKEN_BEDROCK`, which boto3 uses for bedrock and bedrock-runtime alone. */
  readonly bearer?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Added by an event hook when the request is already signed. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly attempts?: number;
  /** PEM file of the only certificate authority to trust. */
  readonly authority?: string;
}

export interface Boto3Call {
  readonly service: string;
  /** In Python's spelling, such as `converse_stream`. */
  readonly method: string;
  readonly args?: object;
  readonly client: Boto3Client;
}

const outcome = z.object({
  answer: z.record(z.string(), z.unknown()).optional(),
  /** Of the one event stream in the answer. */
  events: z.array(z.record(z.string(), z.unknown())),
  error: z
    .object({
      class: z.string(),
      code: z.string(),
      message: z.string(),
      status: z.number().nullable(),
      requestId: z.string().nullable(),
    })
    .optional(),
});

export type Boto3Outcome = z.infer<typeof outcome>;

export interface Boto3 {
  call(asked: Boto3Call): Promise<Boto3Outcome>;
  close(): void;
}

const LIFETIME_MS_MAX = 180_000;

/** One Python process that makes calls for the whole of a test file, one after the other. */
export function startBoto3(): Boto3 {
  const python = spawn('python3', [fileURLToPath(new URL('driver.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: LIFETIME_MS_MAX,
    env: withoutAws(process.env),
  });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  return {
    call: async (asked) => {
      python.stdin.write(`${JSON.stringify(asked)}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error('The Python process has ended; see its error output.');
      return outcome.parse(JSON.parse(line.value));
    },
    close: () => python.stdin.end(),
  };
}
