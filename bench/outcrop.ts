import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MEASURED_CORE, OTHER_CORE, type Processes, type RunningProcess } from './processes.ts';

/** The packaged programs, as `npm pack` takes them. */
const GATEWAY = fileURLToPath(new URL('../dist/src/cli.js', import.meta.url));
const SIMULATOR = fileURLToPath(new URL('../dist/simulator/main.js', import.meta.url));

export const MASTER_KEY = 'sk-bench-0123456789abcdef';

export interface Gateway {
  readonly port: number;
  readonly process: RunningProcess;
  /** From the start of the process to the first time its readiness was answered with 200. */
  readonly readyMs: number;
}

export interface GatewayOptions {
  readonly folder: string;
  /** Where bedrock-runtime is. */
  readonly upstream: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly nodeFlags?: readonly string[];
  /** Beyond the command itself. */
  readonly args?: readonly string[];
}

const EXAMPLE_CREDENTIALS = { accessKeyId: 'AKIABENCH00000000000', secretAccessKey: 'bench-secret-access-key' };

/** Starts the packaged gateway with a master key and nothing of this machine's own AWS settings. */
export async function startGateway(processes: Processes, options: GatewayOptions): Promise<Gateway> {
  const { accessKeyId, secretAccessKey } = options.credentials ?? EXAMPLE_CREDENTIALS;
  const env = {
    PATH: process.env['PATH'],
    HOME: options.folder,
    OUTCROP_HOST: '127.0.0.1',
    OUTCROP_PORT: '0',
    OUTCROP_DATA_DIR: options.folder,
    OUTCROP_MASTER_KEY: MASTER_KEY,
    OUTCROP_SHUTDOWN_NOTICE_MS: '0',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: options.upstream,
  };
  const startedMs = performance.now();
  const running = processes.start(
    process.execPath,
    [...(options.nodeFlags ?? []), GATEWAY, 'start', ...(options.args ?? [])],
    {
      core: MEASURED_CORE,
      env,
    },
  );
  const [, port] = await running.printed(/listens on http:\/\/127\.0\.0\.1:(\d+)/);
  const status = await statusOf(`http://127.0.0.1:${port}/health/readiness`);
  if (status !== 200) throw new Error(`The gateway is not ready: ${status}.`);
  return { port: Number(port), process: running, readyMs: performance.now() - startedMs };
}

/** By node:http, since fetch takes long the first time. */
function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode));
    }).once('error', reject);
  });
}

const simulatorSchema = z.object({
  origins: z.object({ 'bedrock-runtime': z.url() }),
  controlOrigin: z.url(),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), bearerToken: z.string() }),
});

export type Simulator = z.output<typeof simulatorSchema>;

export async function startSimulator(processes: Processes): Promise<Simulator> {
  const running = processes.start(process.execPath, [SIMULATOR, '--json'], { core: OTHER_CORE });
  const [json] = await running.printed(/^\{[^]*\n\}\n/);
  return simulatorSchema.parse(JSON.parse(json));
}

const ledgerSchema = z.array(
  z.object({
    requestId: z.string(),
    ended: z.string(),
    responseBytes: z.number(),
    responseSha256: z.string().optional(),
  }),
);

export type LedgerRecord = z.output<typeof ledgerSchema>[number];

/** What the simulator sent, by the request id of each answer. */
export async function readLedger({ controlOrigin }: Simulator): Promise<ReadonlyMap<string, LedgerRecord>> {
  const answer = await fetch(`${controlOrigin}/requests`);
  const records = ledgerSchema.parse(await answer.json());
  return new Map(records.map((record) => [record.requestId, record]));
}
