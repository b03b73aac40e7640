/**
 * Where credentials came from, by the marks the AWS SDK leaves on them for its user-agent (`$source`). The first row that
 * fits wins: a role assumed by a profile bears the marks of both.
 * Source: https://github.com/aws/aws-sdk-js-v3/blob/main/packages/types/src/feature-ids.ts
 */
const SOURCES: readonly (readonly [mark: string, words: (env: Environment) => string])[] = [
  ['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', (env) => `web identity (role ${env['AWS_ROLE_ARN'] ?? '?'})`],
  ['CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN', (env) => `web identity of ${profile(env)}`],
  ['CREDENTIALS_PROFILE_SSO', (env) => `SSO of ${profile(env)}`],
  ['CREDENTIALS_PROFILE_SSO_LEGACY', (env) => `SSO of ${profile(env)}`],
  ['CREDENTIALS_PROFILE_PROCESS', (env) => `credential_process of ${profile(env)}`],
  ['CREDENTIALS_PROFILE_NAMED_PROVIDER', (env) => `a role of ${profile(env)}`],
  ['CREDENTIALS_PROFILE_SOURCE_PROFILE', (env) => `a role of ${profile(env)}`],
  ['CREDENTIALS_PROFILE_LOGIN', (env) => `aws login of ${profile(env)}`],
  ['CREDENTIALS_PROFILE', profile],
  ['CREDENTIALS_PROCESS', (env) => `credential_process of ${profile(env)}`],
  ['CREDENTIALS_HTTP', () => 'the container (ECS or EKS)'],
  ['CREDENTIALS_IMDS', () => 'the instance metadata service (EC2)'],
  ['CREDENTIALS_ENV_VARS', () => 'the environment'],
];

type Environment = Readonly<Record<string, string | undefined>>;

/** Words for a person. Credentials without marks are those the gateway reads from the environment itself. */
export function credentialSource(credentials: object, env: Environment): string {
  const marks = '$source' in credentials ? credentials.$source : undefined;
  if (typeof marks !== 'object' || marks === null) return 'the environment';
  const row = SOURCES.find(([mark]) => mark in marks);
  return row === undefined ? 'the AWS credential chain' : row[1](env);
}

function profile(env: Environment): string {
  return `profile ${env['AWS_PROFILE'] ?? 'default'}`;
}
