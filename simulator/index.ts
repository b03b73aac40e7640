import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createControlServer } from './control.ts';
import { FaultList } from './faults.ts';
import type { Fault, FaultHandle } from './faults.ts';
import { Ledger } from './ledger.ts';
import type { SimulatorRequest } from './ledger.ts';
import type { JsonObject } from './json.ts';
import { listen, stop } from './listen.ts';
import { UNPACED } from './pace.ts';
import type { Pace } from './pace.ts';
import { createServiceServer } from './server.ts';
import type { Shared } from './server.ts';
import { SERVICE_IDS, serviceOf } from './services.ts';
import type { ServiceId } from './services.ts';
import { Signal } from './signal.ts';
import { Ticker } from './ticker.ts';
import type { Credentials } from './verify-signature.ts';

export type { Fault, FaultHandle } from './faults.ts';
export type { Ending, SimulatorRequest } from './ledger.ts';
export type { Pace } from './pace.ts';
export type { ServiceId } from './services.ts';
export { SERVICE_IDS } from './services.ts';
export type { Credentials } from './verify-signature.ts';

/** Well-known fakes: they open nothing but a simulator. */
export const SIMULATOR_CREDENTIALS: Credentials = {
  accessKeyId: 'AKIASIMULATOR0000000',
  secretAccessKey: 'simulator-secret-access-key-0000000000000',
};
export const SIMULATOR_BEARER_TOKEN = 'bedrock-api-key-simulator';
export const SIMULATOR_REGIONS: readonly string[] = ['us-east-1', 'us-west-2', 'eu-west-1'];

export interface SimulatorOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** A port for each service and for the control routes; what is not named gets a free one. */
  readonly ports?: Partial<Readonly<Record<ServiceId | 'control', number>>>;
  /** The only credentials that are accepted. Default: the well-known fakes. */
  readonly credentials?: Credentials;
  /** The regions a signature may be scoped to. */
  readonly regions?: readonly string[];
  /** Bedrock API keys, accepted where AWS accepts them. Default: the well-known fake. */
  readonly bearerTokens?: readonly string[];
  /**
   * `refuse` (the default) answers 400 to a header that a gateway should have kept to itself; `ignore` is what Bedrock
   * does, and what an AWS SDK that talks to the simulator directly needs.
   */
  readonly unknownHeaders?: 'refuse' | 'ignore';
  /** Default: no delay, frames as fast as they are taken, texts word by word. */
  readonly pace?: Partial<Pace>;
  /** How many requests the ledger keeps. Default 10,000. */
  readonly recordsMax?: number;
  /** How much of their bodies the ledger keeps, together. Default 256 MiB. */
  readonly recordedBodyBytesMax?: number;
  /** Whether the ledger keeps a SHA-256 of each answer's body. Default true. */
  readonly hashResponses?: boolean;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly clock?: () => number;
}

export interface Simulator {
  /** For each service, such as `http://127.0.0.1:40123`. */
  readonly origins: Readonly<Record<ServiceId, string>>;
  /** The eight `AWS_ENDPOINT_URL_…` variables that point AWS SDKs here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly controlOrigin: string;
  /** What arrived since the start or the last `clearRequests`, oldest first. Running requests are among it. */
  requests(): readonly SimulatorRequest[];
  clearRequests(): void;
  inject(fault: Fault): FaultHandle;
  clearFaults(): void;
  setPace(pace: Partial<Pace>): void;
  /**
   * Something the account has made for itself (an application inference profile, a provisioned model, a prompt, …).
   * @param operation by which it is read, such as `GetPromptRouter`
   * @param identifier its ARN or id, with `:version` for a version of a prompt
   * @param answer what AWS answers; null: it is gone
   */
  setResource(operation: string, identifier: string, answer: JsonObject | null): void;
  /** Connections to the eight services that are open now. */
  openSockets(): number;
  /** Resolves when the condition holds. It is asked again whenever the ledger or the open connections change. */
  until(condition: () => boolean): Promise<void>;
  /** Breaks all connections and frees all ports. */
  close(): Promise<void>;
}

/** Starts all eight services and the control routes; resolves when every one of them listens. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const signal = new Signal();
  const ledger = new Ledger({
    recordsMax: options.recordsMax ?? 10_000,
    bodyBytesMax: options.recordedBodyBytesMax ?? 256 * 1024 * 1024,
    hashResponses: options.hashResponses ?? true,
    changed: () => signal.changed(),
  });
  const faults = new FaultList();
  const ticker = new Ticker();
  const resources = new Map<string, JsonObject>();
  let pace: Pace = { ...UNPACED, ...options.pace };
  const setPace = (changes: Partial<Pace>) => {
    pace = { ...pace, ...changes };
  };
  const shared: Shared = {
    credentials: options.credentials ?? SIMULATOR_CREDENTIALS,
    regions: options.regions ?? SIMULATOR_REGIONS,
    bearerTokens: options.bearerTokens ?? [SIMULATOR_BEARER_TOKEN],
    unknownHeaders: options.unknownHeaders ?? 'refuse',
    ledger,
    faults,
    ticker,
    resources,
    clock: options.clock ?? (() => performance.timeOrigin + performance.now()),
    pace: () => pace,
  };

  const { host = '127.0.0.1', ports = {} } = options;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  const control = createControlServer({ ledger, faults, pace: () => pace, setPace });
  const close = async () => {
    ticker.close();
    await Promise.all(servers.map(stop));
  };
  const open = (id: ServiceId) => {
    const server = createServiceServer(id, shared);
    servers.push(server);
    server.on('connection', (socket) => {
      sockets.add(socket);
      signal.changed();
      socket.once('close', () => {
        sockets.delete(socket);
        signal.changed();
      });
    });
    return listen(server, host, ports[id] ?? 0);
  };
  try {
    const origins = {
      bedrock: await open('bedrock'),
      'bedrock-runtime': await open('bedrock-runtime'),
      'bedrock-agent': await open('bedrock-agent'),
      'bedrock-agent-runtime': await open('bedrock-agent-runtime'),
      'bedrock-agentcore': await open('bedrock-agentcore'),
      'bedrock-agentcore-control': await open('bedrock-agentcore-control'),
      'bedrock-data-automation': await open('bedrock-data-automation'),
      'bedrock-data-automation-runtime': await open('bedrock-data-automation-runtime'),
    };
    servers.push(control);
    const controlOrigin = await listen(control, host, ports.control ?? 0);
    return {
      origins,
      environment: Object.fromEntries(SERVICE_IDS.map((id) => [serviceOf(id).environmentVariable, origins[id]])),
      controlOrigin,
      requests: () => ledger.requests(),
      clearRequests: () => ledger.clear(),
      inject: (fault) => faults.inject(fault),
      clearFaults: () => faults.clear(),
      setPace,
      setResource: (operation, identifier, answer) => {
        if (answer === null) resources.delete(`${operation} ${identifier}`);
        else resources.set(`${operation} ${identifier}`, answer);
      },
      openSockets: () => sockets.size,
      until: (condition) => signal.until(condition),
      close,
    };
  } catch (error) {
    // A port that is taken must not leave the others listening.
    await close();
    throw error;
  }
}
