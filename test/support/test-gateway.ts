import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { openGateway, type Gateway } from '../../src/gateway.ts';
import type { Clock, Log } from '../../src/ports.ts';
import {
  type Credentials,
  SIMULATOR_CREDENTIALS,
  startSimulator,
  type Simulator,
  type SimulatorOptions,
  type SimulatorRequest,
} from '../../simulator/index.ts';

/** The key that test gateways want unless they are told otherwise. */
export const MASTER_KEY = 'sk-test-master-key-0123456789';

export interface TestGateway {
  readonly gateway: Gateway;
  readonly simulator: Simulator;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** What the simulator got for a client, oldest first: without what the gateway itself asks AWS, to price an account's own profiles. */
  forwarded(): readonly SimulatorRequest[];
  /** What was logged, newest last. */
  readonly logged: { level: string; facts: Record<string, unknown>; message: string }[];
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  /** Environment variables of the gateway, over those that point it at the simulator. */
  readonly env?: Readonly<Record<string, string>>;
  readonly simulator?: SimulatorOptions;
  /** Without a master key. */
  readonly anonymous?: boolean;
  readonly clock?: Clock;
  /** Where the gateway's own AWS credentials come from. Default: those of the simulator, at once. */
  readonly loadCredentials?: () => Promise<Credentials>;
}

const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

/** A gateway in this process, on a free port, in front of a simulator of its own. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const simulator = await startSimulator(options.simulator ?? {});
  const dataDir = mkdtempSync(join(tmpdir(), 'outcrop-data-'));
  const env: Record<string, string> = {
    ...simulator.environment,
    OUTCROP_PORT: '0',
    OUTCROP_HOST: '127.0.0.1',
    OUTCROP_DATA_DIR: dataDir,
    // Clients and simulator share the event loop, so its delay says nothing here about the gateway.
    OUTCROP_LOOP_DELAY_MS_MAX: '60000',
    // Every client of a test has the same address, and many are there to be refused.
    OUTCROP_FAILED_LOGINS_PER_MINUTE_MAX: '1000000',
    AWS_REGION: 'us-east-1',
    OUTCROP_ALLOWED_REGIONS: 'us-east-1,us-west-2,eu-west-1',
    ...(options.anonymous === true ? {} : { OUTCROP_MASTER_KEY: MASTER_KEY }),
    ...options.env,
  };
  const { settings } = loadConfig({ flags: {}, env, file: null });
  const logged: TestGateway['logged'] = [];
  const gateway = await openGateway({
    settings,
    clock: options.clock ?? SYSTEM_CLOCK,
    log: recordingLog(logged),
    version: '0.0.0-test',
    loadCredentials: options.loadCredentials ?? (() => Promise.resolve(SIMULATOR_CREDENTIALS)),
    env: options.env ?? {},
    fatal: (error) => {
      throw error;
    },
  });
  return {
    gateway,
    simulator,
    origin: gateway.origin,
    forwarded: () => simulator.requests().filter(({ rawHeaders }) => !isOwnLookUp(rawHeaders)),
    logged,
    close: async () => {
      await gateway.close({ noticeMs: 0 });
      await simulator.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function recordingLog(logged: TestGateway['logged']): Log {
  const at = (level: string) => (facts: object, message: string) => {
    logged.push({ level, facts: { ...facts }, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function isOwnLookUp(rawHeaders: SimulatorRequest['rawHeaders']): boolean {
  return rawHeaders.some(([name, value]) => name.toLowerCase() === 'user-agent' && value === 'outcrop');
}
