import { request, type IncomingMessage } from 'node:http';
import { FrameReader, type Frame } from '../../domain/aws/event-stream/frame-reader.ts';

/** Takes an answer's content as it arrives: once for a whole answer, once for each event of a stream. */
export type TakeContent = (content: unknown, eventType: string | undefined) => void;

export interface Answered {
  readonly status: number;
  /** Frames of an event stream; 0 for a whole answer. */
  readonly frames: number;
  readonly milliseconds: number;
}

const TIMEOUT_MS = 30_000;

/**
 * Posts JSON with nothing but node:http, so that what is seen is what went over the wire.
 * @throws Error when the answer is no success, or ends before it is whole
 */
export async function postJson(url: string, json: string, take: TakeContent): Promise<Answered> {
  const startedMs = performance.now();
  const answer = await post(url, json);
  const status = answer.statusCode ?? 0;
  if (status !== 200) throw new Error(`The gateway answered ${status}: ${await wholeText(answer)}`);
  const isStream = answer.headers['content-type'] === 'application/vnd.amazon.eventstream';
  const frames = isStream ? await readFrames(answer, take) : 0;
  if (!isStream) take(JSON.parse(await wholeText(answer)), undefined);
  return { status, frames, milliseconds: Math.round(performance.now() - startedMs) };
}

function post(url: string, json: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) };
    const sent = request(url, { method: 'POST', headers, signal: AbortSignal.timeout(TIMEOUT_MS) }, resolve);
    sent.once('error', reject);
    sent.end(json);
  });
}

async function wholeText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** An answer that breaks off makes the loop throw; one that ends within a frame is told by the reader. */
async function readFrames(answer: IncomingMessage, take: TakeContent): Promise<number> {
  const failures: string[] = [];
  const onFrame = ({ messageType, exceptionType, eventType, payload }: Frame): void => {
    const text = payload?.toString() ?? '';
    if (messageType === 'event') take(JSON.parse(text), eventType);
    else failures.push(`The stream ended with ${exceptionType ?? 'an error'}: ${text}`);
  };
  const reader = new FrameReader({ onFrame });
  for await (const chunk of answer) reader.push(Buffer.from(chunk));
  for (const failure of failures) throw new Error(failure);
  if (!reader.atFrameBoundary) throw new Error('The stream ended in the middle of a frame.');
  return reader.framesSeen;
}
