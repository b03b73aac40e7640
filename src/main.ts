import { hostname, networkInterfaces } from 'node:os';
import { describeStart } from './announce.ts';
import type { LoadedConfig } from './config/load.ts';
import { openGateway, type Gateway } from './gateway.ts';
import { createLog } from './log.ts';
import { checkStart } from './start-checks.ts';
import { ownVersion } from './version.ts';
import { isolateCredentialChain, loadFromChain } from './upstream/credential-chain.ts';
import { withDefaultRegion } from './config/profile-region.ts';

const SYSTEM_CLOCK = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };

/**
 * The process: configuration → gateway → listen → drain on SIGTERM. Resolves with the exit code when it has gone down.
 * @throws ConfigError for what can be known to be wrong before a port is opened
 */
export async function runGateway(loaded: LoadedConfig, say: (line: string) => void): Promise<number> {
  const config = await withDefaultRegion(loaded, process.env);
  const { settings } = config;
  checkStart(config, process.env, { hostname: hostname(), addresses: localAddresses() });
  isolateCredentialChain(process.env);

  const log = createLog(settings.logLevel);
  const gateway = await openGateway({
    settings,
    clock: SYSTEM_CLOCK,
    log,
    version: ownVersion(),
    loadCredentials: () => loadFromChain(process.env),
    env: process.env,
    fatal: (error) => {
      log.error({ err: error }, 'the disk lost records it had promised to keep: the gateway ends');
      process.exit(1);
    },
  });
  // Before anything is said: who reads that it listens may tell it to end at once.
  const down = downOnSignal(gateway, settings.shutdownNoticeMs, say);
  const failed = codeWhenStoreFails(gateway, say);
  // A start that ends by its sinks has never been one.
  if (await areSinksOpen(gateway)) {
    for (const line of describeStart(gateway.origin, settings)) say(line);
    if (settings.awsBearerToken === null) sayWhenCredentialsAreMissing(gateway, say);
  }
  return Promise.race([down, failed]);
}

async function areSinksOpen(gateway: Gateway): Promise<boolean> {
  return gateway.sinksOpen().then(
    () => true,
    () => false,
  );
}

/** A store or secret that can't be opened ends the process: without virtual keys most callers would be turned away. */
async function codeWhenStoreFails(gateway: Gateway, say: (line: string) => void): Promise<number> {
  try {
    await gateway.storedPartsReady();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    for (const line of message.split('\n')) say(`outcrop: ${line}`);
    await gateway.close({ noticeMs: 0 });
    return 1;
  }
  return new Promise(() => undefined);
}

function sayWhenCredentialsAreMissing(gateway: Gateway, say: (line: string) => void): void {
  gateway.credentialsReady().catch(() => {
    say(
      'No AWS credentials: requests are answered 503 until there are some. "outcrop doctor" says what is missing; the demo needs none.',
    );
  });
}

/** A first signal drains; a second one ends at once. Ctrl-C skips the notice, which is for load balancers. */
function downOnSignal(gateway: Gateway, noticeMs: number, say: (line: string) => void): Promise<number> {
  return new Promise((resolve) => {
    let goingDown = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (goingDown) process.exit(1);
      goingDown = true;
      say(`${signal}: finishing ${gateway.running()} running requests`);
      void gateway.close({ noticeMs: signal === 'SIGINT' ? 0 : noticeMs }).then(() => resolve(0));
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
