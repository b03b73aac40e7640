import { z } from 'zod';
import { type KeySources, readKey } from './keys/carried-key.ts';
import { connectManagementApi } from './keys/management-api.ts';

const pairAnswer = z.object({
  aws_access_key_id: z.string(),
  aws_secret_access_key: z.string(),
  expires: z.iso.datetime().nullable(),
});

/**
 * The AWS credentials of a virtual key, in the form that `credential_process` of an AWS profile expects:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 * With an end, clients ask again before it.
 */
export async function answerCredentialProcess(url: string, sources: KeySources): Promise<string> {
  const ask = connectManagementApi(url, await readKey(['OUTCROP_KEY'], sources));
  const pair = await ask({ method: 'GET', path: '/key/aws-credentials' }, pairAnswer);
  return JSON.stringify({
    Version: 1,
    AccessKeyId: pair.aws_access_key_id,
    SecretAccessKey: pair.aws_secret_access_key,
    ...(pair.expires === null ? {} : { Expiration: pair.expires }),
  });
}
