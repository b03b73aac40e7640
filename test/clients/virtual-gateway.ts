import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { SERVICE_IDS } from '../../simulator/index.ts';
import { MASTER_KEY, startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/test-gateway.ts';

/** A gateway whose callers hold virtual keys. */

const fresh = z.object({
  token_id: z.string(),
  key: z.string(),
  aws_access_key_id: z.string(),
  aws_secret_access_key: z.string(),
});

export interface VirtualKey {
  /** The public one. */
  readonly id: string;
  readonly bearer: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface VirtualGateway extends TestGateway {
  /** @param facts fields of `/key/generate` */
  newKey(facts?: object): Promise<VirtualKey>;
}

/** The grant of a key that may call whatever Bedrock has. */
export const EVERY_OPERATION = { allowed_operations: SERVICE_IDS.map((service) => `${service}:*`) };

/** With a store of its own, which goes when it is closed. */
export async function startVirtualGateway(options: TestGatewayOptions = {}): Promise<VirtualGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'outcrop-virtual-'));
  const gateway = await startTestGateway({ ...options, env: { OUTCROP_DATA_DIR: folder, ...options.env } });
  return {
    ...gateway,
    newKey: async (facts = {}) => {
      const answer = await fetch(`${gateway.origin}/key/generate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${MASTER_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(facts),
      });
      const key = fresh.parse(await answer.json());
      return {
        id: key.token_id,
        bearer: key.key,
        accessKeyId: key.aws_access_key_id,
        secretAccessKey: key.aws_secret_access_key,
      };
    },
    close: async () => {
      await gateway.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Another secret of the same form. */
export function otherSecret({ secretAccessKey }: VirtualKey): string {
  return (secretAccessKey.startsWith('A') ? 'B' : 'A') + secretAccessKey.slice(1);
}
