import { format, resolveConfig } from 'prettier';
import { configurationPage } from './configuration.ts';
import { errorsPage } from './errors.ts';
import { metricsPage } from './metrics.ts';
import { outcropRecordSchema, payloadSchemaPage, standardLoggingSchema } from './payload-schemas.ts';
import { sinksPage } from './sinks.ts';

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/configuration.md': configurationPage,
  'docs/errors.md': errorsPage,
  'docs/metrics.md': metricsPage,
  'docs/sinks.md': sinksPage,
  'docs/schemas/outcrop-record.json': () => payloadSchemaPage(outcropRecordSchema),
  'docs/schemas/standard-logging-payload.json': () => payloadSchemaPage(standardLoggingSchema),
};

/** The pages that are written from the code, by their path in the repository, formatted as the formatter would. */
export async function writtenPages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const [file, page] of Object.entries(PAGES)) {
    pages.set(file, await format(await page(), { ...(await resolveConfig(file)), filepath: file }));
  }
  return pages;
}
