import { hostname, networkInterfaces } from 'node:os';
import { ConfigError } from '../../config/load.ts';
import { checkStart } from '../../start-checks.ts';
import type { Finding, Patient } from './finding.ts';

/** Who may use the gateway, and everything else for which it would refuse to start. */
export function checkAccess({ config, env }: Patient): Promise<readonly Finding[]> {
  const findings: Finding[] = [access(config.settings, config.sources)];
  try {
    checkStart(config, env, { hostname: hostname(), addresses: ownAddresses() });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.lines) findings.push({ about: 'Start', state: 'fails', found: `refused: ${line}` });
  }
  return Promise.resolve(findings);
}

function access(settings: Patient['config']['settings'], sources: Patient['config']['sources']): Finding {
  const about = 'Access';
  if (settings.masterKey !== null) {
    return { about, state: 'ok', found: `callers need the master key (from ${sources.get('masterKey') ?? 'default'})` };
  }
  if (settings.allowAnonymous) {
    return {
      about,
      state: 'warning',
      found: 'no master key, and OUTCROP_ALLOW_ANONYMOUS is set: anyone who reaches the port can use this AWS account',
      mend: 'Set OUTCROP_MASTER_KEY.',
    };
  }
  return { about, state: 'ok', found: 'no master key: open to programs on this machine only' };
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
