import { z } from 'zod';
import { DeliveryFault, isSuccess, retryAfterMs } from '../delivery-fault.ts';
import type { SinkHttpAnswer } from '../http.ts';
import { jsonOf } from '../json-of.ts';
import { type AwsTargetOptions, createAwsTarget } from './target.ts';

export interface AwsJsonOptions extends AwsTargetOptions {
  readonly url: URL;
  readonly version: '1.0' | '1.1';
  /** Before the dot of `x-amz-target`. */
  readonly target: string;
  /** What makes the same request fail for ever. AWS answers 400 to nearly everything, so its status tells nothing. */
  readonly refusals: ReadonlySet<string>;
}

/** @returns the JSON of the answer @throws DeliveryFault */
export type CallAwsJson = (operation: string, input: object, signal: AbortSignal) => Promise<unknown>;

/** What AWS said was wrong, as a name. */
export class AwsFault extends DeliveryFault {
  readonly code: string;

  constructor(code: string, ...[verdict, message, waitMs]: ConstructorParameters<typeof DeliveryFault>) {
    super(verdict, message, waitMs);
    this.code = code;
  }
}

/** The AWS JSON protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html */
export function createAwsJson({ url, version, target, refusals, ...options }: AwsJsonOptions): CallAwsJson {
  const { clock } = options.context;
  const send = createAwsTarget(options);
  return async (operation, input, signal) => {
    const answer = await send(
      {
        method: 'POST',
        url,
        path: '/',
        headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': `${target}.${operation}` },
        body: JSON.stringify(input),
      },
      signal,
    );
    const content = jsonOf(answer.text);
    if (isSuccess(answer)) return content;
    const code = errorCode(answer, content);
    const verdict = refusals.has(code) || answer.status === 413 ? 'refused' : 'again';
    const told = code === '' ? '' : ` ${code}`;
    throw new AwsFault(
      code,
      verdict,
      `it answered ${answer.status}${told}`,
      retryAfterMs(answer.retryAfter, clock.nowMs()),
    );
  };
}

const CODE = /^[A-Za-z0-9.]{1,100}$/;
const errorShape = z.object({ __type: z.string().optional(), code: z.string().optional() });

/** `com.amazon.coral.service#AccessDeniedException:http://…` is `AccessDeniedException`. Empty where it is no name. */
function errorCode({ errorType }: SinkHttpAnswer, content: unknown): string {
  const body = errorShape.safeParse(content).data;
  const full = errorType ?? body?.__type ?? body?.code ?? '';
  const code = full.split(':')[0]?.split('#').at(-1) ?? '';
  return CODE.test(code) ? code : '';
}
