import { ConfigError, type LoadedConfig } from '../../config/load.ts';
import { isolateCredentialChain, loadFromChain } from '../../upstream/credential-chain.ts';
import type { LoadedCredentials } from '../../upstream/identities.ts';
import { withDefaultRegion } from '../../config/profile-region.ts';
import { checkAccess } from './check-access.ts';
import { checkCredentials } from './check-credentials.ts';
import { checkDataDir } from './check-data-dir.ts';
import { checkListening } from './check-listening.ts';
import { checkRegion } from './check-region.ts';
import { checkServices } from './check-services.ts';
import { checkSinks } from './check-sinks.ts';
import { checkTls } from './check-tls.ts';
import type { Check, Finding, Patient } from './finding.ts';
import { findingsAsJson, findingsAsText, wouldFail } from './report.ts';

/** Everything the doctor looks at, in the order it is told. */
const CHECKS: readonly Check[] = [
  checkRegion,
  checkCredentials,
  checkAccess,
  checkListening,
  checkTls,
  checkDataDir,
  checkSinks,
  checkServices,
];

/** The chain may ask the network several times; beyond this the gateway's requests would long have failed. */
const CREDENTIALS_TIMEOUT_MS = 20_000;

/**
 * Looks at everything the gateway needs and says what would fail and how to mend it. It changes nothing.
 * @param readConfig throws ConfigError for settings that can't be used, which is a finding like any other
 * @returns the exit code: 1 when something would fail
 */
export async function runDoctor(
  readConfig: () => LoadedConfig,
  env: Record<string, string | undefined>,
  { json, say }: { readonly json: boolean; readonly say: (text: string) => void },
): Promise<number> {
  if (!json) say('Looking at settings, credentials and the eight services of Bedrock…\n');
  const findings = await examine(readConfig, env);
  say(json ? findingsAsJson(findings) : findingsAsText(findings));
  return wouldFail(findings) ? 1 : 0;
}

async function examine(
  readConfig: () => LoadedConfig,
  env: Record<string, string | undefined>,
): Promise<readonly Finding[]> {
  let config: LoadedConfig;
  try {
    config = await withDefaultRegion(readConfig(), env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mend = 'Correct it; until then nothing else can be looked at.';
    return error.lines.map((line) => ({ about: 'Settings', state: 'fails', found: line, mend }));
  }
  isolateCredentialChain(env);
  const loading = withinTime(loadFromChain(env), CREDENTIALS_TIMEOUT_MS);
  // Whoever asks hears of a failure; nobody else needs to.
  loading.catch(() => undefined);
  const patient: Patient = { config, env, credentials: () => loading, nowMs: () => Date.now() };
  const findings = await Promise.all(CHECKS.map((check) => check(patient)));
  return findings.flat();
}

function withinTime(loading: Promise<LoadedCredentials>, timeoutMs: number): Promise<LoadedCredentials> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the AWS credential chain has found nothing within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    timer.unref();
    loading.then(resolve, reject);
  });
}
