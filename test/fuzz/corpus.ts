import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { encodeHttp2Frame, headerBlock, PREFACE } from '../support/raw-http2.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';

/** One connection's worth of bytes that were worth keeping. Whatever once broke something belongs in the files. */
export interface CorpusEntry {
  readonly name: string;
  readonly bytes: Buffer;
}

const BODY = '{"messages":[{"role":"user","content":[{"text":"Hi"}]}]}';
const WORDS: Readonly<Record<string, string>> = {
  '{converse}': '/bedrock/model/amazon.nova-lite-v1%3A0/converse',
  '{key}': MASTER_KEY,
  '{body}': BODY,
  '{length}': String(BODY.length),
  '{hex}': BODY.length.toString(16),
};

const http1Schema = z.array(z.strictObject({ name: z.string(), bytes: z.string() }));
const frameSchema = z.strictObject({
  type: z.number(),
  flags: z.number(),
  streamId: z.number(),
  fields: z.array(z.tuple([z.string(), z.string()])).optional(),
  text: z.string().optional(),
  hex: z.string().optional(),
});
const http2Schema = z.array(z.strictObject({ name: z.string(), frames: z.array(frameSchema) }));

export function http1Corpus(): readonly CorpusEntry[] {
  return http1Schema
    .parse(readCorpus('http1.json'))
    .map(({ name, bytes }) => ({ name, bytes: Buffer.from(filled(bytes), 'latin1') }));
}

/** Each connection begins with the preface and empty settings. */
export function http2Corpus(): readonly CorpusEntry[] {
  const settings = encodeHttp2Frame({ type: 4, flags: 0, streamId: 0, payload: Buffer.alloc(0) });
  return http2Schema.parse(readCorpus('http2.json')).map(({ name, frames }) => ({
    name,
    bytes: Buffer.concat([
      Buffer.from(PREFACE),
      settings,
      ...frames.map((frame) => encodeHttp2Frame({ ...frame, payload: payloadOf(frame) })),
    ]),
  }));
}

function payloadOf({ fields, text, hex }: z.output<typeof frameSchema>): Buffer {
  if (fields !== undefined) return headerBlock(fields.map(([name, value]) => [name, filled(value)] as const));
  return hex === undefined ? Buffer.from(filled(text ?? '')) : Buffer.from(hex, 'hex');
}

function readCorpus(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../corpus/${name}`, import.meta.url), 'utf8'));
}

function filled(text: string): string {
  return text.replace(/\{(?:converse|key|body|length|hex)\}/g, (word) => WORDS[word] ?? word);
}
