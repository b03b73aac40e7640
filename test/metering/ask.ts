import { z } from 'zod';
import { type PlainRequest, send } from '../support/virtual-keys.ts';
import type { Pacing } from './workload.ts';

/** Single requests by hand, with what the simulator has to say that they used. */

export const HAIKU = 'anthropic.claude-3-haiku-20240307-v1:0';

export interface Wanted {
  readonly model?: string;
  readonly maxTokens?: number;
  /** What is said to be used, under the names of Converse. */
  readonly usage?: Readonly<Record<string, number>>;
  readonly pacing?: Pacing;
  readonly text?: string;
  /** Members of the body beside these. */
  readonly more?: object;
}

export function converse(wanted: Wanted = {}, action: 'converse' | 'converse-stream' = 'converse'): PlainRequest {
  const { model = HAIKU, maxTokens = 100, usage = {}, pacing = {}, text = 'What is an outcrop?', more = {} } = wanted;
  return {
    method: 'POST',
    path: `/bedrock/model/${encodeURIComponent(model)}/${action}`,
    body: JSON.stringify({
      messages: [{ role: 'user', content: [{ text }] }],
      inferenceConfig: { maxTokens },
      additionalModelRequestFields: { simulator: { ...pacing, usage } },
      ...more,
    }),
  };
}

export function converseStream(wanted: Wanted = {}): PlainRequest {
  return converse(wanted, 'converse-stream');
}

/** With a body of Anthropic's. */
export function invoke(wanted: Wanted = {}, action = 'invoke'): PlainRequest {
  const { model = HAIKU, maxTokens = 100, usage = {}, pacing = {}, text = 'What is an outcrop?', more = {} } = wanted;
  return {
    method: 'POST',
    path: `/bedrock/model/${encodeURIComponent(model)}/${action}`,
    body: JSON.stringify({
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: maxTokens,
      messages: [{ role: 'user', content: text }],
      simulator: { ...pacing, usage },
      ...more,
    }),
  };
}

export function invokeStream(wanted: Wanted = {}): PlainRequest {
  return invoke(wanted, 'invoke-with-response-stream');
}

const refusalBody = z.looseObject({
  message: z.string(),
  __type: z.string().optional(),
  error: z.looseObject({ type: z.string() }).optional(),
});

/** An answer that was read to its end. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What a refusal says; empty for other answers. */
  readonly message: string;
  readonly exception: string;
  readonly errorType: string;
}

/** Sends a request with a bearer key, and reads its answer. */
export async function ask(
  origin: string,
  bearer: string,
  request: PlainRequest,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const response = await send(origin, request, { authorization: `Bearer ${bearer}`, ...headers });
  const text = await response.text();
  const refusal = response.status < 400 ? null : refusalBody.parse(JSON.parse(text));
  return {
    status: response.status,
    headers: response.headers,
    text,
    message: refusal?.message ?? '',
    exception: refusal?.__type ?? '',
    errorType: refusal?.error?.type ?? '',
  };
}
