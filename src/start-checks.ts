import { ConfigError, type LoadedConfig } from './config/load.ts';
import { listenHost } from './config/listen-host.ts';
import type { Settings } from './config/settings.ts';
import { isLoopbackAddress } from './domain/local-host.ts';
import { weaknessOf } from './config/weakness.ts';
import { looksVirtual } from './domain/virtual-key.ts';

/** What is known of this machine without asking the network. */
export interface Machine {
  readonly hostname: string;
  readonly addresses: readonly string[];
}

/**
 * Refuses a start that could only go wrong: open to the network without a key, its own upstream, or proving itself to AWS
 * with credentials of a gateway.
 * @throws ConfigError with a line for each fault
 */
export function checkStart(
  { settings }: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
  machine: Machine,
): void {
  const faults = [
    ...openToTheNetwork(settings),
    ...ownUpstream(settings, machine),
    ...virtualCredentials(settings, env),
    ...weakSecret(settings),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}

function openToTheNetwork(settings: Settings): string[] {
  const host = listenHost(settings);
  if (settings.masterKey !== null || settings.allowAnonymous || isLoopbackAddress(host)) return [];
  return [
    `host ${host} is reachable from the network and there is no master key: set OUTCROP_MASTER_KEY, ` +
      'or OUTCROP_ALLOW_ANONYMOUS=true if anyone may use this AWS account.',
  ];
}

/** Whoever guesses the secret opens every virtual key, and whoever guesses the master key needs none. */
function weakSecret(settings: Settings): string[] {
  const weakness = weaknessOf(settings);
  if (weakness === null || settings.allowWeakSecret || isLoopbackAddress(listenHost(settings))) return [];
  return [
    `${weakness}: use one such as \`openssl rand -hex 32\` makes, listen on 127.0.0.1 only, or set OUTCROP_ALLOW_WEAK_SECRET=true.`,
  ];
}

function ownUpstream(settings: Settings, { hostname, addresses }: Machine): string[] {
  const endpoints = [settings.endpoint, ...Object.values(settings.endpoints)].filter((endpoint) => endpoint !== null);
  return endpoints.flatMap((endpoint) => {
    const url = new URL(endpoint);
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    const name = url.hostname.replace(/^\[|\]$/g, '');
    const isHere =
      name === 'localhost' ||
      name === hostname ||
      isLoopbackAddress(name) ||
      addresses.includes(name) ||
      name === '0.0.0.0' ||
      name === '::';
    if (port !== settings.port || !isHere) return [];
    return [
      `the endpoint ${endpoint} is this gateway itself: AWS_ENDPOINT_URL… says where Bedrock is, not where Outcrop is.`,
    ];
  });
}

function virtualCredentials(settings: Settings, env: Readonly<Record<string, string | undefined>>): string[] {
  const faults: string[] = [];
  if (looksVirtual(env['AWS_ACCESS_KEY_ID'] ?? '')) {
    faults.push('AWS_ACCESS_KEY_ID is a key of a gateway, not of AWS: the gateway needs AWS credentials of its own.');
  }
  if (looksVirtual(settings.awsBearerToken ?? '')) {
    faults.push(
      'AWS_BEARER_TOKEN_BEDROCK is a key of a gateway, not of AWS: unset it, or give a Bedrock API key of AWS.',
    );
  }
  return faults;
}
