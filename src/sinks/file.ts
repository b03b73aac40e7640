import path from 'node:path';
import { z } from 'zod';
import { payloadText } from '../domain/payloads/payload-format.ts';
import { defineSink } from './define-sink.ts';
import { payloadFormat, text } from './options.ts';
import { RotatingFile } from './rotating-file.ts';
import { ALL_TAKEN } from './sink.ts';

const MIB = 1024 * 1024;

/** JSON lines in files that only the gateway's own user can read: what was asked and answered may stand in them. */
export const sink = defineSink({
  about: 'JSON lines in files that are rotated by size',
  delivery: 'best-effort',
  bounds: { flushIntervalMs: 1000, batchSize: 500 },
  options: z.strictObject({
    /** Default: `calls.jsonl` in the data folder. */
    path: text.optional(),
    /** How long one file becomes. */
    bytes_max: z.coerce
      .number()
      .int()
      .min(1024)
      .default(100 * MIB),
    /** How many full ones are kept: `calls.jsonl.1` is the youngest. */
    files_max: z.coerce.number().int().min(1).max(1000).default(10),
    format: payloadFormat('outcrop'),
  }),
  variables: { path: ['OUTCROP_CALLS_FILE'] },
  secrets: [],
  open: (options, { dataDir }) => {
    const file = new RotatingFile({
      file: options.path ?? path.join(dataDir, 'calls.jsonl'),
      bytesMax: options.bytes_max,
      filesMax: options.files_max,
    });
    return {
      kind: 'lines',
      reaches: null,
      encode: (event) => payloadText(event, options.format),
      deliver: async (lines) => {
        await file.append(lines);
        return ALL_TAKEN;
      },
      tryOut: () => file.tryOut(),
      close: () => file.close(),
    };
  },
});
