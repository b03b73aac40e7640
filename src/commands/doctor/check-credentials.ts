import { hash } from 'node:crypto';
import { createSigner } from '../../domain/aws/sigv4/sign.ts';
import { SERVICES } from '../../domain/operations/services.ts';
import { createTargets } from '../../upstream/targets.ts';
import type { LoadedCredentials } from '../../upstream/identities.ts';
import { credentialSource } from './credential-source.ts';
import { errorText, type Finding, type Patient } from './finding.ts';
import { probe, type Reached } from './probe.ts';

const ABOUT = 'AWS credentials';
const SERVICE = 'bedrock';
/** ListFoundationModels: reads, costs nothing, and every partition and region with Bedrock has it. */
const PATH = '/foundation-models';

/** Whether there are credentials, where they come from, and whether AWS takes them. */
export async function checkCredentials(patient: Patient): Promise<readonly Finding[]> {
  const { config, env } = patient;
  const { awsBearerToken } = config.settings;
  const findings: Finding[] = [];
  if (awsBearerToken !== null) {
    const from = config.sources.get('awsBearerToken') ?? 'default';
    findings.push({ about: 'Bedrock API key', state: 'ok', found: `from ${from}, for bedrock and bedrock-runtime` });
    findings.push(...(await tryThem('Bedrock API key', patient, { authorization: `Bearer ${awsBearerToken}` })));
  }

  let credentials: LoadedCredentials;
  try {
    credentials = await patient.credentials();
  } catch (error) {
    return [...findings, noCredentials(error, awsBearerToken !== null)];
  }
  findings.push({ about: ABOUT, state: 'ok', found: describeCredentials(credentials, env) });
  // With a Bedrock API key, the service that is asked here is not asked with these.
  if (awsBearerToken === null) findings.push(...(await tryThem(ABOUT, patient, signedHeaders(credentials, patient))));
  return findings;
}

function noCredentials(error: unknown, haveApiKey: boolean): Finding {
  const mend =
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is attached. The demo needs none.';
  const why = errorText(error);
  return haveApiKey
    ? { about: ABOUT, state: 'warning', found: `none, so only bedrock and bedrock-runtime work: ${why}`, mend }
    : { about: ABOUT, state: 'fails', found: `none, so every request is answered 503: ${why}`, mend };
}

/** The access key id is no secret, but its middle helps nobody who may not see it. */
function describeCredentials({ accessKeyId, expiration, ...rest }: LoadedCredentials, env: Patient['env']): string {
  const shown = `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`;
  const until = expiration === undefined ? '' : `, until ${expiration.toISOString()}`;
  return `${shown} from ${credentialSource(rest, env)}${until}`;
}

function signedHeaders(credentials: LoadedCredentials, { config, nowMs }: Patient): Record<string, string> | null {
  const { settings } = config;
  if (settings.region === null) return null;
  const { host, basePath } = createTargets(settings).of(SERVICE, settings.region);
  const request = {
    method: 'GET',
    path: basePath + PATH,
    query: '',
    headers: [['host', host]] as const,
    payloadSha256Hex: hash('sha256', ''),
    timeMs: nowMs(),
  };
  const scope = { region: settings.region, service: SERVICES[SERVICE].signingName };
  const { authorization, amzDate } = createSigner()(request, credentials, scope);
  const token = credentials.sessionToken;
  return { authorization, 'x-amz-date': amzDate, ...(token !== undefined && { 'x-amz-security-token': token }) };
}

/** Asks AWS for its list of models with them. What can't be asked (no region, no network) is told by other checks. */
async function tryThem(
  about: string,
  { config: { settings } }: Patient,
  headers: Readonly<Record<string, string>> | null,
): Promise<Finding[]> {
  if (settings.region === null || headers === null) return [];
  const outcome = await probe(createTargets(settings).of(SERVICE, settings.region), PATH, headers);
  return 'stage' in outcome ? [] : [verdict(about, outcome)];
}

function verdict(about: string, { status, headers, body }: Reached): Finding {
  if (status === 200) return { about, state: 'ok', found: 'accepted: ListFoundationModels works with them' };
  const [exception = ''] = String(headers['x-amzn-errortype'] ?? '').split(':');
  if (exception === 'AccessDeniedException') {
    return {
      about,
      state: 'warning',
      found: 'accepted, but they may not list models (bedrock:ListFoundationModels)',
      mend: 'Nothing, if their policy allows what you call, such as bedrock:InvokeModel.',
    };
  }
  const message = /"[Mm]essage"\s*:\s*"([^"]{0,200})/.exec(body)?.[1] ?? '';
  return {
    about,
    state: 'fails',
    found: `refused: ${status} ${exception}: ${message}`.trimEnd(),
    mend: 'Check that they are whole and not revoked or expired, and that the clock of this machine is right.',
  };
}
