import { hash } from 'node:crypto';
import { z } from 'zod';
import { canonicalPath } from '../../domain/aws/sigv4/canonical-request.ts';
import { type AwsCredentials, createSigner } from '../../domain/aws/sigv4/sign.ts';
import { isRegion, partitionOf } from '../../domain/aws/partitions.ts';
import { DeliveryFault } from '../delivery-fault.ts';
import { SinkSettingsError } from '../define-sink.ts';
import type { SinkHttpAnswer } from '../http.ts';
import { text } from '../options.ts';
import type { SinkContext } from '../sink.ts';

/** The variables of the AWS SDKs, the gateway's own first. */
export const REGION_VARIABLES = ['OUTCROP_REGION', 'AWS_REGION_NAME', 'AWS_REGION', 'AWS_DEFAULT_REGION'] as const;

export const region = z.string().refine(isRegion, 'must be an AWS region such as us-east-1');

/** A key of one's own for a sink, instead of the gateway's. */
export interface OwnCredentials {
  readonly accessKeyId: string | undefined;
  readonly secretAccessKey: string | undefined;
  readonly sessionToken: string | undefined;
}

export const keyPart = text.optional();

/** @returns null where the gateway's own are meant @throws SinkSettingsError for half a pair */
export function ownCredentials(own: OwnCredentials, prefix: string): AwsCredentials | null {
  const { accessKeyId, secretAccessKey, sessionToken } = own;
  if (accessKeyId === undefined && secretAccessKey === undefined) return null;
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new SinkSettingsError([
      `${prefix}_access_key_id and ${prefix}_secret_access_key go together: set both or none`,
    ]);
  }
  return { accessKeyId, secretAccessKey, sessionToken };
}

/** Where a service of AWS is by its rule. `region` has been checked. */
export function awsUrl(host: string, region: string): URL {
  return new URL(`https://${host}.${region}.${partitionOf(region)?.dnsSuffix ?? 'amazonaws.com'}`);
}

export interface AwsTargetOptions {
  readonly context: SinkContext;
  readonly service: 's3' | 'sqs' | 'firehose' | 'logs';
  readonly region: string;
  readonly credentials: AwsCredentials | null;
}

export interface AwsRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: URL;
  /** Not percent-encoded. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Sends signed requests. @throws DeliveryFault where there is no answer, or no credentials */
export type AwsTarget = (request: AwsRequest, signal: AbortSignal) => Promise<SinkHttpAnswer>;

/**
 * Signature Version 4, all headers signed. The path is encoded once, as S3 wants it; at the other services it is `/`,
 * where that makes no difference.
 */
export function createAwsTarget({ context, service, region, credentials: own }: AwsTargetOptions): AwsTarget {
  const sign = createSigner();
  return async ({ method, url, path, headers, body }, signal) => {
    const credentials = own ?? (await context.awsCredentials().catch(noCredentials));
    const payloadSha256Hex = hash('sha256', body);
    const signed = { ...headers, host: url.host, 'x-amz-content-sha256': payloadSha256Hex };
    const { authorization, amzDate } = sign(
      { method, path, query: '', headers: Object.entries(signed), payloadSha256Hex, timeMs: context.clock.nowMs() },
      credentials,
      { region, service },
    );
    const { sessionToken } = credentials;
    const carried = { ...signed, authorization, 'x-amz-date': amzDate };
    return context.http.send(
      {
        method,
        url,
        rawPath: canonicalPath(path),
        headers: sessionToken === undefined ? carried : { ...carried, 'x-amz-security-token': sessionToken },
        body,
      },
      signal,
    );
  };
}

function noCredentials(): never {
  throw new DeliveryFault('again', 'the gateway has no AWS credentials for it');
}
