import { createHash } from 'node:crypto';
import type { Sign } from '../domain/aws/sigv4/sign.ts';
import { SERVICES, type ServiceId } from '../domain/operations/services.ts';
import type { AwsIdentities, AwsIdentity, Clock, Target, Targets, Upstream } from '../ports.ts';

/** A question of the gateway's own, not of a client. */
export interface ControlPlaneCall {
  readonly service: ServiceId;
  readonly region: string;
  /** As on the wire, percent-encoded. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

export interface ControlPlaneAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface ControlPlaneOptions {
  readonly upstream: Upstream;
  readonly targets: Targets;
  readonly identities: Pick<AwsIdentities, 'forService'>;
  readonly sign: Sign;
  readonly clock: Clock;
  /** From sending to the last byte, in milliseconds. */
  readonly timeoutMs: number;
}

/** A prompt with its variants is the longest answer there is, some hundred kilobytes. */
const ANSWER_BYTES_MAX = 1024 * 1024;
const EMPTY_SHA256 = createHash('sha256').digest('hex');

/**
 * Asks AWS something in the gateway's own name, once, by GET.
 * @throws Refusal noCredentials; Error when there is no whole answer in time
 */
export async function controlPlaneGet(
  call: ControlPlaneCall,
  options: ControlPlaneOptions,
): Promise<ControlPlaneAnswer> {
  const { upstream, targets, identities, timeoutMs } = options;
  const target = targets.of(call.service, call.region);
  const identity = await identities.forService(call.service);
  const path = target.basePath + call.path;
  const headers = ['host', target.host, ...proofOf(identity, call, target, path, options)];
  const request = {
    origin: target.origin,
    method: 'GET',
    path: call.query === '' ? path : `${path}?${call.query}`,
    headers: [...headers, 'user-agent', 'outcrop', 'accept-encoding', 'identity'],
    body: null,
    headersTimeoutMs: timeoutMs,
    idleTimeoutMs: timeoutMs,
  };
  return new Promise((resolve, reject) => {
    let cancel = (): void => undefined;
    const timer = setTimeout(() => giveUp(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const giveUp = (error: Error): void => {
      clearTimeout(timer);
      cancel();
      reject(error);
    };
    let status = 0;
    let size = 0;
    const pieces: Buffer[] = [];
    cancel = upstream.send(request, {
      head: (answered) => (status = answered),
      data: (chunk) => {
        size += chunk.byteLength;
        if (size > ANSWER_BYTES_MAX) giveUp(new Error(`an answer over ${ANSWER_BYTES_MAX} bytes`));
        else pieces.push(chunk);
      },
      end: () => {
        clearTimeout(timer);
        resolve({ status, body: Buffer.concat(pieces) });
      },
      fail: ({ kind, cause }) => giveUp(new Error(`the connection to ${target.host} failed: ${kind}`, { cause })),
    });
  });
}

/** Alternating names and values. */
function proofOf(
  identity: AwsIdentity,
  { service, region, query }: ControlPlaneCall,
  { host }: Target,
  path: string,
  { sign, clock }: ControlPlaneOptions,
): string[] {
  if (identity.kind === 'bearer') return ['authorization', `Bearer ${identity.token}`];
  const { credentials } = identity;
  const { amzDate, authorization } = sign(
    {
      method: 'GET',
      path,
      query,
      headers: [['host', host]],
      payloadSha256Hex: EMPTY_SHA256,
      timeMs: clock.nowMs(),
    },
    credentials,
    { region, service: SERVICES[service].signingName },
  );
  const proof = ['x-amz-date', amzDate, 'authorization', authorization];
  return credentials.sessionToken === undefined ? proof : [...proof, 'x-amz-security-token', credentials.sessionToken];
}
