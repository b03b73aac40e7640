import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { listenHost } from './config/listen-host.ts';
import type { Settings } from './config/settings.ts';
import { createSigner } from './domain/aws/sigv4/sign.ts';
import { Bound } from './domain/bound.ts';
import type { Clock, Exchange, Log } from './ports.ts';
import type { Call } from './proxy/call.ts';
import { handleRequest } from './proxy/handle-request.ts';
import { createMasterKey } from './proxy/master-key.ts';
import type { Proxy } from './proxy/proxy.ts';
import { answerHealth } from './server/health.ts';
import { watchOverload } from './server/overload.ts';
import { RunningCalls } from './server/running-calls.ts';
import { startServer } from './server/server.ts';
import { GatewayIdentities, type LoadedCredentials } from './upstream/identities.ts';
import { createTargets } from './upstream/targets.ts';
import { UndiciUpstream } from './upstream/undici-upstream.ts';

/** What the process gives the gateway beside its settings. */
export interface GatewayInputs {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks for the gateway's own AWS credentials. */
  readonly loadCredentials: () => Promise<LoadedCredentials>;
}

export interface Gateway {
  /** Where clients point: scheme, host and port. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** Requests that are being worked on. */
  running(): number;
  connections(): number;
  /** How much of each bound is in use; all zero when nothing is being worked on. */
  held(): { readonly bodyBytes: number; readonly requestSlots: number; readonly drains: number };
  /** Resolves when credentials are there; rejects with what is missing. */
  credentialsReady(): Promise<void>;
  /**
   * Goes down in order: readiness says no, and after the notice no connection is accepted; running requests finish within
   * the deadline, later ones are broken.
   */
  close(options: { noticeMs: number }): Promise<void>;
}

/** How long broken requests may take to say so to their clients. */
const LAST_WORDS_MS = 1000;

/** Composition root: the only place that knows every part. Opens them in order and closes them in reverse. */
export async function openGateway({ settings, clock, log, loadCredentials }: GatewayInputs): Promise<Gateway> {
  const identities = new GatewayIdentities({ bearerToken: settings.awsBearerToken, load: loadCredentials, clock, log });
  const upstream = new UndiciUpstream({
    connectionsMax: settings.requestsInFlightMax,
    connectTimeoutMs: settings.upstreamConnectTimeoutMs,
  });
  const overload = watchOverload(settings);
  const running = new RunningCalls();

  const proxy: Proxy = {
    options: {
      policy: {
        allowedRegions: allowedRegions(settings),
        anonymousControlPlane: settings.allowControlPlane,
      },
      defaultRegion: settings.region,
      keyHeader: settings.keyHeader,
      allowedHosts: settings.allowedHosts.map((host) => host.toLowerCase()),
      bodyTimeoutMs: settings.bodyTimeoutMs,
      writeStallMs: settings.writeStallMs,
      invokeHeadersTimeoutMs: settings.invokeHeadersTimeoutMs,
      headersTimeoutMs: settings.upstreamHeadersTimeoutMs,
      idleTimeoutMs: settings.upstreamIdleTimeoutMs,
      onClientAbort: settings.onClientAbort,
      drainSecondsMax: settings.drainSecondsMax,
    },
    clock,
    log,
    newRequestId: randomUUID,
    instanceId: randomBytes(8).toString('hex'),
    masterKey: settings.masterKey === null ? null : createMasterKey(settings.masterKey),
    overload: () => overload.reason(),
    bodyBytes: new Bound(settings.bodyBytesInFlightMax),
    requestSlots: new Bound(settings.requestsInFlightMax),
    drains: new Bound(settings.drainsMax),
    targets: createTargets(settings),
    identities,
    sign: createSigner(),
    upstream,
    callClosed: (call) => logCall(call, log),
  };

  let draining = false;
  const answer = async (exchange: Exchange): Promise<void> => {
    if (!answerHealth(exchange, draining)) await handleRequest(exchange, proxy);
  };
  const handle = (exchange: Exchange): void => {
    running.started();
    answer(exchange)
      .catch((error: unknown) => {
        // Ending a request failed: nothing can be told to the client any more.
        log.error({ err: error }, 'a request could not be ended properly');
        exchange.break();
      })
      .finally(() => running.ended());
  };
  const server = await startServer(
    {
      host: listenHost(settings),
      port: settings.port,
      tls: tlsFiles(settings),
      connectionsMax: settings.connectionsMax,
      headersTimeoutMs: settings.headersTimeoutMs,
      bodyTimeoutMs: settings.bodyTimeoutMs,
      keepAliveMs: settings.keepAliveMs,
      draining: () => draining,
    },
    handle,
  );

  return {
    origin: `${settings.tlsCert === null ? 'http' : 'https'}://${urlHost(server.host)}:${server.port}`,
    host: server.host,
    port: server.port,
    running: () => running.count,
    connections: () => server.connections(),
    held: () => ({
      bodyBytes: proxy.bodyBytes.used,
      requestSlots: proxy.requestSlots.used,
      drains: proxy.drains.used,
    }),
    credentialsReady: async () => {
      await identities.refresh();
    },
    close: async ({ noticeMs }) => {
      draining = true;
      await setTimeout(noticeMs);
      server.stopAccepting();
      await running.settled(settings.shutdownDeadlineMs);
      if (running.count > 0)
        log.warn({ requests: running.count }, 'breaking requests that outlived the shutdown deadline');
      // Their clients see an exception frame or a broken connection, never a clean end.
      await upstream.destroy();
      await running.settled(LAST_WORDS_MS);
      server.destroyConnections();
      overload.stop();
      identities.close();
    },
  };
}

function allowedRegions({ allowedRegions: configured, region }: Settings): readonly string[] {
  if (configured.length > 0) return configured;
  return region === null ? [] : [region];
}

function tlsFiles({ tlsCert, tlsKey }: Settings): { cert: Buffer; key: Buffer } | null {
  if (tlsCert === null || tlsKey === null) return null;
  return { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** One line for every call that did not go its way; all of them at the debug level. */
function logCall(call: Call, log: Log): void {
  const facts = {
    requestId: call.id,
    awsRequestId: call.awsRequestId,
    operation: call.operation === null ? null : `${call.operation.service}:${call.operation.name}`,
    region: call.region,
    status: call.status,
    outcome: call.outcome,
    durationMs: Math.round(call.durationMs),
  };
  if (call.refusal !== null) {
    const { kind, message, cause } = call.refusal;
    log.info({ ...facts, refusal: kind, reason: message, err: cause }, 'request refused');
  } else if (call.outcome === 'broken') log.warn({ ...facts, err: call.fault }, 'answer cut short');
  else log.debug(facts, 'request finished');
}
