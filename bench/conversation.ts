/** The requests and the answer of the bench: what a Bedrock client sends, in sizes that are exact to the byte. */

const MODEL_PATH = '/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0';

/** Gives a JSON text the wanted length by growing one of its strings. */
function padded(bytes: number, withText: (text: string) => unknown): string {
  const bare = JSON.stringify(withText('')).length;
  if (bytes < bare) throw new Error(`${bytes} bytes are too few: at least ${bare}.`);
  return JSON.stringify(
    withText('An outcrop is where bedrock comes to the surface. '.repeat(bytes / 50 + 1).slice(0, bytes - bare)),
  );
}

/** A Converse request body of that many bytes. */
export function converseBody(bytes: number): string {
  return padded(bytes, (text) => ({
    messages: [{ role: 'user', content: [{ text }] }],
    inferenceConfig: { maxTokens: 512, temperature: 0.5 },
  }));
}

/** What the fixed upstream answers to everything: a Converse answer of 1 KiB. */
export const CONVERSE_ANSWER = padded(1024, (text) => ({
  metrics: { latencyMs: 812 },
  output: { message: { content: [{ text }], role: 'assistant' } },
  stopReason: 'end_turn',
  usage: { inputTokens: 214, outputTokens: 187, totalTokens: 401 },
}));

/** A ConverseStream request body that tells the simulator how to stream: frames that begin with the time they were made. */
export function streamBody({ frames, intervalMs }: { readonly frames: number; readonly intervalMs: number }): string {
  return JSON.stringify({
    messages: [{ role: 'user', content: [{ text: 'What is an outcrop?' }] }],
    additionalModelRequestFields: { simulator: { chunks: frames, intervalMs, textBytes: 60, stamped: true } },
  });
}

type ConverseOperation = 'converse' | 'converse-stream';

/** The headers by which a request says who sends it. */
export type CredentialHeaders = readonly (readonly [name: string, value: string])[];

export interface RequestTo {
  readonly port: number;
  /** What the path begins with: the mount of the gateway, or nothing. */
  readonly mount: string;
  readonly operation: ConverseOperation;
  readonly credential: CredentialHeaders;
  readonly body: string;
}

export function requestPath(mount: string, operation: ConverseOperation): string {
  return `${mount}${MODEL_PATH}/${operation}`;
}

/** A whole HTTP/1.1 request, ready for the socket; beside the credential its headers are those an AWS SDK sends. */
export function encodeRequest({ port, mount, operation, credential, body }: RequestTo): Buffer {
  return Buffer.from(
    `POST ${requestPath(mount, operation)} HTTP/1.1\r\n` +
      `host: 127.0.0.1:${port}\r\n` +
      'content-type: application/json\r\n' +
      'accept: application/json\r\n' +
      'user-agent: outcrop-bench/1 lang/js\r\n' +
      credential.map(([name, value]) => `${name}: ${value}\r\n`).join('') +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
