import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { createBudgetGauges } from './budget-gauges.ts';
import { listenHost } from './config/listen-host.ts';
import { recordedContent } from './config/recorded-content.ts';
import type { Settings } from './config/settings.ts';
import { createSigner } from './domain/aws/sigv4/sign.ts';
import { createVerifier } from './domain/aws/sigv4/verify.ts';
import { AnonymousRefusals } from './domain/anonymous-refusals.ts';
import { Bound } from './domain/bound.ts';
import { createClientAddresses } from './domain/client-address.ts';
import { FailedLogins } from './domain/failed-logins.ts';
import { createContentChoice } from './domain/logging/content-choice.ts';
import { SERVICES } from './domain/operations/services.ts';
import { SeenSignatures } from './domain/seen-signatures.ts';
import { requestIdOf } from './domain/request-id.ts';
import { isAdminTarget } from './admin/paths.ts';
import { logCall } from './log-call.ts';
import { createManagement } from './management.ts';
import { UsualUse } from './domain/limits/usual-use.ts';
import { unboundedCalls } from './config/unbounded-calls.ts';
import {
  closeStoredParts,
  holdersOnceReady,
  meteringOnceReady,
  openStoredParts,
  sinksOnceReady,
} from './parts-at-start.ts';
import { createOperatorPages } from './operator-pages.ts';
import type { Clock, Exchange, Log } from './ports.ts';
import { handleRequest } from './proxy/handle-request.ts';
import { isRecorded } from './proxy/settle.ts';
import { createMasterKey } from './proxy/master-key.ts';
import type { Proxy } from './proxy/proxy.ts';
import { answerHealth } from './server/health.ts';
import { watchOverload } from './server/overload.ts';
import { RunningCalls } from './server/running-calls.ts';
import { startServer } from './server/server.ts';
import { GatewayIdentities, type LoadedCredentials } from './upstream/identities.ts';
import { AwsModelResolver } from './upstream/model-resolver.ts';
import { createTargets } from './upstream/targets.ts';
import { Http1Upstream } from './upstream/http1-upstream.ts';
import { watchHealth } from './watch-health.ts';
import { watchPrices } from './watch-prices.ts';

/** What the process gives the gateway beside its settings. */
export interface GatewayInputs {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  /** Of this program, for who asks the management API. */
  readonly version: string;
  /** Asks for the gateway's own AWS credentials. */
  readonly loadCredentials: () => Promise<LoadedCredentials>;
  /** The environment, where sinks find what LiteLLM's users have set for them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told once when the disk has lost what it had promised to keep: the process has to end. */
  readonly fatal: (error: unknown) => void;
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
  /** Resolves when the store, keys and ledger can be used; rejects, with one line for the operator, when they never will. */
  storedPartsReady(): Promise<void>;
  /** Resolves when sinks, if there are any, take calls; rejects, with a line for each mistake, when their settings are wrong. */
  sinksOpen(): Promise<void>;
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
/** How long a request may wait for AWS to tell what a name in it stands for. */
const RESOLVING_TIMEOUT_MS = 3000;
/** Operations and models whose usual use is remembered: some 650 bytes each. */
const USUAL_KINDS_MAX = 2000;
/** Signed requests of ten minutes that are recognised: some 300 a second, 28 MB. */
const SIGNATURES_SEEN_MAX = 400_000;

/** Composition root: the only place that knows every part. Opens them in order and closes them in reverse. */
export async function openGateway({
  settings,
  clock,
  log,
  version,
  loadCredentials,
  env,
  fatal,
}: GatewayInputs): Promise<Gateway> {
  const identities = new GatewayIdentities({ bearerToken: settings.awsBearerToken, load: loadCredentials, clock, log });
  const upstream = new Http1Upstream({
    connectionsMax: settings.requestsInFlightMax,
    connectTimeoutMs: settings.upstreamConnectTimeoutMs,
    clock,
  });
  const overload = watchOverload(settings);
  const running = new RunningCalls();

  const stored = openStoredParts({ settings, clock, log, fatal, loadCredentials, env });
  const health = watchHealth({
    ledger: stored.metering.then(({ ledger }) => ledger),
    alert: (facts) => stored.alert(facts),
    clock,
    log,
  });
  const noteBudgets = createBudgetGauges(stored.metrics);
  const notePrice = watchPrices({ clock, log });
  const addressOf = createClientAddresses(settings.trustedProxies);
  const failedLogins = new FailedLogins(settings.failedLoginsPerMinuteMax);

  const anonymousRefusals = new AnonymousRefusals();

  const targets = createTargets(settings);
  const recorded = recordedContent(settings);
  const sign = createSigner();

  const proxy: Proxy = {
    options: {
      policy: {
        allowedRegions: allowedRegions(settings),
        anonymousControlPlane: settings.allowControlPlane,
      },
      defaultRegion: settings.region,
      keyHeader: settings.keyHeader,
      publicPlaces: settings.publicUrls.map(publicPlace),
      allowedHosts: settings.allowedHosts.map((host) => host.toLowerCase()),
      sigv4Replay: settings.sigv4Replay,
      bodyTimeoutMs: settings.bodyTimeoutMs,
      writeStallMs: settings.writeStallMs,
      invokeHeadersTimeoutMs: settings.invokeHeadersTimeoutMs,
      headersTimeoutMs: settings.upstreamHeadersTimeoutMs,
      idleTimeoutMs: settings.upstreamIdleTimeoutMs,
      onClientAbort: settings.onClientAbort,
      drainSecondsMax: settings.drainSecondsMax,
      customerHeader: settings.customerHeader,
      unboundedCalls: unboundedCalls(settings),
      outputCap: settings.outputCap,
      cutStreams: settings.cutStreams,
      forwardAttribution: settings.forwardAttribution,
      traceContext: settings.traceContext,
    },
    clock,
    log,
    newRequestId: () => requestIdOf(clock.nowMs(), randomUUID()),
    instanceId: randomBytes(8).toString('hex'),
    masterKey: settings.masterKey === null ? null : createMasterKey(settings.masterKey),
    keyHolders: stored.keys === null ? null : holdersOnceReady(stored.keys),
    verify: createVerifier(SIGNING_NAMES),
    seenSignatures: settings.sigv4Replay === 'allow' ? null : new SeenSignatures(SIGNATURES_SEEN_MAX),
    clientAddress: (exchange) => addressOf(exchange.peerAddress, exchange.headers.get('x-forwarded-for')),
    tooManyFailedLogins: (address) => {
      const verdict = failedLogins.note(address, clock.elapsedMs());
      // What a proxy passes on as an address may be any text.
      const clientAddress = address !== null && isIP(address) !== 0 ? address : null;
      if (verdict === 'crossed') log.warn({ clientAddress }, 'too many wrong credentials from an address');
      return verdict !== 'within';
    },
    overload: () => overload.reason(),
    bodyBytes: new Bound(settings.bodyBytesInFlightMax),
    requestSlots: new Bound(settings.requestsInFlightMax),
    drains: new Bound(settings.drainsMax),
    targets,
    identities,
    modelResolver: new AwsModelResolver({
      upstream,
      targets,
      identities,
      sign,
      clock,
      log,
      timeoutMs: RESOLVING_TIMEOUT_MS,
    }),
    sign,
    upstream,
    ...meteringOnceReady(stored.metering),
    contentOptions: createContentChoice(recorded),
    sinks: sinksOnceReady(stored),
    usualUse: new UsualUse(USUAL_KINDS_MAX),
    callClosed: (call) => {
      logCall(call, log, settings);
      health.callClosed(call);
      noteBudgets(call);
      if (call.refusal !== null && !isRecorded(call)) anonymousRefusals.note(call.refusal.kind);
      notePrice(call);
    },
  };

  const pages = createOperatorPages(stored, proxy, {
    running: () => running.count,
    failedLogins,
    anonymousRefusals,
  });
  const manage = createManagement(stored, proxy, { version, content: recorded?.calls ?? 'none' });
  let draining = false;
  const answer = async (exchange: Exchange): Promise<void> => {
    if (answerHealth(exchange, draining)) return;
    if (pages.has(exchange.target)) await pages.answer(exchange);
    else if (isAdminTarget(exchange.target)) await manage(exchange);
    else await handleRequest(exchange, proxy);
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
      clock,
      connectionsMax: settings.connectionsMax,
      headersTimeoutMs: settings.headersTimeoutMs,
      bodyTimeoutMs: settings.bodyTimeoutMs,
      keepAliveMs: settings.keepAliveMs,
      writeStallMs: settings.writeStallMs,
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
    storedPartsReady: async () => {
      await stored.sinks;
      await stored.storage;
      await stored.keys;
      await stored.metering;
    },
    sinksOpen: async () => {
      await stored.sinks;
    },
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
      upstream.destroy();
      await running.settled(LAST_WORDS_MS);
      server.destroyConnections();
      overload.stop();
      health.stop();
      await closeStoredParts(stored);
      identities.close();
    },
  };
}

/** The names that may stand in the scope of a signature. */
const SIGNING_NAMES: ReadonlySet<string> = new Set(Object.values(SERVICES).map(({ signingName }) => signingName));

function publicPlace(text: string): { host: string; prefix: string } {
  const url = new URL(text);
  return { host: url.host, prefix: url.pathname.replace(/\/+$/, '') };
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
