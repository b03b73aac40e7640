import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { listenHost } from './config/listen-host.ts';
import type { Settings } from './config/settings.ts';
import { createSigner } from './domain/aws/sigv4/sign.ts';
import { createVerifier } from './domain/aws/sigv4/verify.ts';
import { Bound } from './domain/bound.ts';
import { createClientAddresses } from './domain/client-address.ts';
import { SERVICES } from './domain/operations/services.ts';
import type { bindAdminParts } from './admin-parts.ts';
import { isAdminTarget } from './admin/paths.ts';
import type { AdminServer } from './admin/serve.ts';
import type { KeyParts } from './key-parts.ts';
import type { Clock, Exchange, KeyHolders, Log } from './ports.ts';
import type { Call } from './proxy/call.ts';
import { handleRequest } from './proxy/handle-request.ts';
import { createMasterKey } from './proxy/master-key.ts';
import type { Proxy } from './proxy/proxy.ts';
import { answerHealth } from './server/health.ts';
import { watchOverload } from './server/overload.ts';
import { RunningCalls } from './server/running-calls.ts';
import { startServer } from './server/server.ts';
import { GatewayIdentities, type LoadedCredentials } from './upstream/identities.ts';
import { AwsModelResolver } from './upstream/model-resolver.ts';
import { createTargets } from './upstream/targets.ts';
import { UndiciUpstream } from './upstream/undici-upstream.ts';

/** What the process gives the gateway beside its settings. */
export interface GatewayInputs {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  /** Of this program, for who asks the management API. */
  readonly version: string;
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
  /** Resolves when virtual keys can be used; rejects, with one line for the operator, when they never will. */
  keysReady(): Promise<void>;
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

/** Composition root: the only place that knows every part. Opens them in order and closes them in reverse. */
export async function openGateway({ settings, clock, log, version, loadCredentials }: GatewayInputs): Promise<Gateway> {
  const identities = new GatewayIdentities({ bearerToken: settings.awsBearerToken, load: loadCredentials, clock, log });
  const upstream = new UndiciUpstream({
    connectionsMax: settings.requestsInFlightMax,
    connectTimeoutMs: settings.upstreamConnectTimeoutMs,
  });
  const overload = watchOverload(settings);
  const running = new RunningCalls();

  const keys = openKeys(settings, clock, log);
  const clientAddress = createClientAddresses(settings.trustedProxies);

  const targets = createTargets(settings);
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
    keyHolders: keys === null ? null : holdersOnceReady(keys),
    verify: createVerifier(SIGNING_NAMES),
    clientAddress: (exchange) => clientAddress(exchange.peerAddress, exchange.headers.get('x-forwarded-for')),
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
    callClosed: (call) => logCall(call, log),
  };

  let admin: Promise<AdminServer> | null = null;
  const manage = async (exchange: Exchange): Promise<void> => {
    if (keys === null) {
      refuseManagement(exchange);
      return;
    }
    admin ??= openAdmin(keys, { masterKey: proxy.masterKey, keyHeader: settings.keyHeader, clock, log, version });
    const server = await admin;
    await server.handle({ exchange, requestId: proxy.newRequestId(), sourceAddress: proxy.clientAddress(exchange) });
  };

  let draining = false;
  const answer = async (exchange: Exchange): Promise<void> => {
    if (answerHealth(exchange, draining)) return;
    if (isAdminTarget(exchange.target)) await manage(exchange);
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
    keysReady: async () => {
      await keys;
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
      await upstream.destroy();
      await running.settled(LAST_WORDS_MS);
      server.destroyConnections();
      overload.stop();
      // A store that never opened has nothing to close; why is for `keysReady` to say.
      await keys?.then((parts) => parts.close()).catch(() => undefined);
      identities.close();
    },
  };
}

/** The names that may stand in the scope of a signature. */
const SIGNING_NAMES: ReadonlySet<string> = new Set(Object.values(SERVICES).map(({ signingName }) => signingName));

/** Beside the start: opening the store and the data key must not hold up the port. Null where no key can be made. */
function openKeys(settings: Settings, clock: Clock, log: Log): Promise<KeyParts> | null {
  const secret = settings.secretKey ?? settings.masterKey;
  if (settings.masterKey === null || secret === null) return null;
  const keys = import('./key-parts.ts').then(({ openKeyParts }) => openKeyParts({ settings, secret, clock, log }));
  // Who starts the process asks `keysReady`; until then a rejection is not unhandled.
  keys.catch(() => undefined);
  return keys;
}

/** The management API and its libraries are loaded when somebody first manages something. */
async function openAdmin(
  keys: Promise<KeyParts>,
  others: Omit<Parameters<typeof bindAdminParts>[1], 'dataKeys'>,
): Promise<AdminServer> {
  const { storage, keyring } = await keys;
  const { bindAdminParts } = await import('./admin-parts.ts');
  const { createAdminServer } = await import('./admin/serve.ts');
  return createAdminServer(bindAdminParts(storage, { ...others, dataKeys: keyring }));
}

function refuseManagement(exchange: Exchange): void {
  const message = 'There is nobody to manage keys without a master key: set OUTCROP_MASTER_KEY on the gateway.';
  const body = JSON.stringify({ error: { message, type: 'auth_error', param: null, code: '403' } });
  exchange.answerWhole(403, ['content-type', 'application/json'], Buffer.from(body), false);
}

/** Requests with a virtual key that come in the first moments wait for the store. */
function holdersOnceReady(ready: Promise<KeyParts>): KeyHolders {
  let holders: KeyHolders | null = null;
  void ready.then((parts) => (holders = parts.holders)).catch(() => undefined);
  return {
    byBearerKey: (key) =>
      holders === null ? ready.then((parts) => parts.holders.byBearerKey(key)) : holders.byBearerKey(key),
    byAccessKeyId: (id) =>
      holders === null ? ready.then((parts) => parts.holders.byAccessKeyId(id)) : holders.byAccessKeyId(id),
  };
}

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
