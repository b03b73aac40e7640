import type { LoadedCredentials } from './identities.ts';

/** The part of the environment that says where AWS calls go. */
type Environment = Record<string, string | undefined>;

const OWN_ENDPOINT_VARIABLES = [
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL_SSO',
  'AWS_ENDPOINT_URL_SSO_OIDC',
  'AWS_ENDPOINT_URL_SIGNIN',
];

/**
 * Keeps endpoints that are meant for Bedrock away from the credential chain, whose STS and SSO clients would follow them
 * too: the real credentials of the gateway would be sent to wherever Bedrock has been pointed. Endpoints set for STS or
 * SSO by name stay in force.
 */
export function isolateCredentialChain(env: Environment): void {
  const hasOwnEndpoints = OWN_ENDPOINT_VARIABLES.some((name) => env[name] !== undefined && env[name] !== '');
  if (hasOwnEndpoints) delete env['AWS_ENDPOINT_URL'];
  else env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] = 'true';
}

/**
 * Asks the whole AWS chain: environment, profile, SSO, web identity, process, ECS, IMDS. The libraries for it are loaded
 * when they are needed; static credentials in the environment, the first of the chain, need none of them.
 */
export async function loadFromChain(env: Environment): Promise<LoadedCredentials> {
  return staticCredentials(env) ?? (await askChain());
}

function staticCredentials(env: Environment): LoadedCredentials | null {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  // A profile named beside them wins in the AWS SDKs, and credentials with an end are the chain's business.
  if (!accessKeyId || !secretAccessKey || env['AWS_PROFILE'] || env['AWS_CREDENTIAL_EXPIRATION']) return null;
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: env['AWS_SESSION_TOKEN'] || undefined,
    accountId: env['AWS_ACCOUNT_ID'] || undefined,
  };
}

let chain: ((options: { forceRefresh: boolean }) => Promise<LoadedCredentials>) | null = null;

async function askChain(): Promise<LoadedCredentials> {
  if (chain === null) {
    const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers');
    chain = fromNodeProviderChain();
  }
  return chain({ forceRefresh: true });
}
