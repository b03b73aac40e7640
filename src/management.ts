import type { AdminParts } from './admin/ports.ts';
import type { AdminServer } from './admin/serve.ts';
import type { StoredParts } from './parts-at-start.ts';
import type { KeyParts } from './key-parts.ts';
import type { Exchange } from './ports.ts';
import type { Proxy } from './proxy/proxy.ts';

/** What it says of the gateway and its settings. */
interface AdminFacts {
  readonly version: string;
  readonly content: AdminParts['logging']['content'];
}

/**
 * Answers requests of the management API. It and its libraries are loaded when somebody first manages something; until
 * then a gateway has none of their weight.
 */
export function createManagement(
  stored: StoredParts,
  proxy: Proxy,
  facts: AdminFacts,
): (exchange: Exchange) => Promise<void> {
  let admin: Promise<AdminServer> | null = null;
  const { keys } = stored;
  return async (exchange) => {
    if (keys === null) {
      refuseManagement(exchange);
      return;
    }
    admin ??= openAdmin({ ...stored, keys }, proxy, facts);
    const server = await admin;
    await server.handle({ exchange, requestId: proxy.newRequestId(), sourceAddress: proxy.clientAddress(exchange) });
  };
}

async function openAdmin(
  stored: StoredParts & { readonly keys: Promise<KeyParts> },
  proxy: Proxy,
  { version, content }: AdminFacts,
): Promise<AdminServer> {
  const storage = await stored.storage;
  const { keyring, rehash } = await stored.keys;
  const { counters, ledger, prices } = await stored.metering;
  const sinks = (await stored.sinks)?.namesOfCallSinks ?? [];
  const { bindAdminParts, bindMetering } = await import('./admin-parts.ts');
  const { bindAdminLedger } = await import('./admin-ledger.ts');
  const { createAdminServer } = await import('./admin/serve.ts');
  const { masterKey, bodyBytes, clock, log, modelResolver, options } = proxy;
  return createAdminServer(
    bindAdminParts(storage, {
      metering: bindMetering(storage, counters),
      ledger: bindAdminLedger(storage, () => ledger.state()),
      prices,
      modelResolver,
      masterKey,
      keyHeader: options.keyHeader,
      tooManyFailedLogins: (address) => proxy.tooManyFailedLogins(address),
      bodyBytes,
      clock,
      log,
      version,
      logging: { sinks, content },
      dataKeys: keyring,
      rehash,
    }),
  );
}

function refuseManagement(exchange: Exchange): void {
  const message = 'There is nobody to manage keys without a master key: set OUTCROP_MASTER_KEY on the gateway.';
  const body = JSON.stringify({ error: { message, type: 'auth_error', param: null, code: '403' } });
  exchange.answerWhole(403, ['content-type', 'application/json'], Buffer.from(body), false);
}
