import { z } from 'zod';
import { headers } from './options.ts';

/**
 * Headers as OTEL_EXPORTER_OTLP_HEADERS has them: values may be percent-encoded, which is how a space gets into them.
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
 */
export const otlpHeaders = z.preprocess((given) => (typeof given === 'string' ? pairsOf(given) : given), headers);

/** `key=value,key2=value2`, percent-encoded, or a map. */
export const attributePairs = z
  .union([z.record(z.string(), z.string()), z.string()])
  .transform((given) => (typeof given === 'string' ? pairsOf(given) : given));

export const compression = z.enum(['gzip', 'none']).default('none');

function pairsOf(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      // Without a name it is no header, and refused as such.
      return [decoded(pair.slice(0, Math.max(0, equals)).trim()), decoded(pair.slice(equals + 1).trim())];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
