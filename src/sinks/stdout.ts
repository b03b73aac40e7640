import { z } from 'zod';
import { payloadText } from '../domain/payloads/payload-format.ts';
import { defineSink } from './define-sink.ts';
import { payloadFormat } from './options.ts';
import { ALL_TAKEN } from './sink.ts';

/** A JSON line for every call on standard output: for collectors that read what a container prints. */
export const sink = defineSink({
  about: 'JSON lines on standard output',
  delivery: 'best-effort',
  bounds: { flushIntervalMs: 200 },
  options: z.strictObject({ format: payloadFormat('outcrop') }),
  variables: {},
  secrets: [],
  open: ({ format }, { stdout }) => ({
    kind: 'lines',
    reaches: null,
    encode: (event) => payloadText(event, format),
    deliver: async (lines) => {
      await stdout(lines.map((line) => `${line}\n`).join(''));
      return ALL_TAKEN;
    },
  }),
});
