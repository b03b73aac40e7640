import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { RequestSignature } from '../../../../src/domain/aws/sigv4/sign.ts';

export interface SmithyRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Decoded. */
  readonly query: Record<string, string[]>;
  /** Without the host. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  readonly timeMs: number;
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** False for S3, which takes the path as it stands. */
  readonly uriEscapePath?: boolean | undefined;
}

/** What @smithy/signature-v4, the signer of the AWS SDK for JavaScript, makes of a request. */
export async function smithySignature(request: SmithyRequest): Promise<RequestSignature> {
  const { accessKeyId, secretAccessKey, sessionToken } = request;
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    region: request.region,
    service: request.service,
    sha256: NodeSha256,
    uriEscapePath: request.uriEscapePath ?? true,
    applyChecksum: false,
  });
  const { headers } = await signer.sign(
    {
      method: request.method,
      protocol: 'https:',
      hostname: request.host,
      path: request.path,
      query: request.query,
      headers: { ...Object.fromEntries(request.headers), host: request.host },
      body: request.body,
    },
    // It leaves some headers out unless they are named.
    { signingDate: new Date(request.timeMs), signableHeaders: new Set(request.headers.map(([name]) => name)) },
  );
  return { authorization: headers['authorization'] ?? '', amzDate: headers['x-amz-date'] ?? '' };
}

/** SHA-256 and HMAC-SHA-256 in the shape @smithy/signature-v4 asks for. */
class NodeSha256 {
  readonly #digest;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#digest = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }

  update(data: string | Uint8Array): void {
    this.#digest.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#digest.digest();
  }

  reset(): void {
    throw new Error('not needed for signing');
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.from(data);
}
