import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SinkSettingsError } from '../define-sink.ts';
import { jsonOf } from '../json-of.ts';
import { httpUrl } from '../options.ts';
import type { ServiceAccount } from './access-token.ts';

const accountShape = z.object({
  type: z.literal('service_account'),
  project_id: z.string().optional(),
  private_key_id: z.string().optional(),
  private_key: z.string(),
  client_email: z.string(),
  token_uri: httpUrl.default(new URL('https://oauth2.googleapis.com/token')),
});

/** @throws SinkSettingsError for a file that is none, without its name and what is in it */
export async function readServiceAccount(
  file: string,
): Promise<{ readonly account: ServiceAccount; readonly projectId: string | null }> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new SinkSettingsError([`gcs_path_service_account: the file can not be read (${code})`]);
  });
  const parsed = accountShape.safeParse(jsonOf(text));
  const privateKey = parsed.success ? rsaKey(parsed.data.private_key) : null;
  if (!parsed.success || privateKey === null) {
    throw new SinkSettingsError(['gcs_path_service_account: it is not the JSON key file of a service account']);
  }
  const { client_email: clientEmail, private_key_id: keyId, token_uri: tokenUri, project_id: projectId } = parsed.data;
  return {
    account: { clientEmail, privateKeyId: keyId ?? null, privateKey, tokenUri },
    projectId: projectId ?? null,
  };
}

function rsaKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa' ? key : null;
  } catch {
    return null;
  }
}
