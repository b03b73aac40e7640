import { hostname } from 'node:os';
import { z } from 'zod';
import { hasFailed } from '../domain/payloads/call-facts.ts';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { requireSuccess } from './delivery-fault.ts';
import { defineSink, SinkSettingsError } from './define-sink.ts';
import { gzip } from './gzip.ts';
import { deliverInParts } from './in-parts.ts';
import { httpUrl, payloadFormat, text } from './options.ts';
import { partsWithin } from './parts-within.ts';
import { ALL_TAKEN } from './sink.ts';

/** https://docs.datadoghq.com/api/latest/logs/: 1,000 logs and 5 MB in a request, 1 MB for one. */
const LOGS_MAX = 1000;
const BATCH_BYTES_MAX = 4_500_000;
/** JSON within JSON doubles its quotes. */
const PAYLOAD_BYTES_MAX = 480_000;
const AT_ONCE_MAX = 2;

const AGENT_PORT = 10_518;
const SITE = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;

/** Logs in Datadog, by its intake or by an agent. LiteLLM's variables: https://docs.litellm.ai/docs/observability/datadog */
export const sink = defineSink({
  about: 'logs in Datadog',
  delivery: 'best-effort',
  options: z.strictObject({
    api_key: text.optional(),
    site: z.string().regex(SITE, 'must be a site of Datadog such as datadoghq.eu').optional(),
    base_url: httpUrl.optional(),
    agent_host: text.optional(),
    agent_port: z.coerce.number().int().min(1).max(65_535).default(AGENT_PORT),
    source: text.default('outcrop'),
    service: text.default('outcrop'),
    env: text.optional(),
    version: text.optional(),
    hostname: text.optional(),
    format: payloadFormat('litellm'),
  }),
  variables: {
    api_key: ['DD_API_KEY'],
    site: ['DD_SITE'],
    base_url: ['DD_BASE_URL'],
    agent_host: ['LITELLM_DD_AGENT_HOST'],
    agent_port: ['LITELLM_DD_AGENT_PORT'],
    source: ['DD_SOURCE'],
    service: ['DD_SERVICE'],
    env: ['DD_ENV'],
    version: ['DD_VERSION'],
    hostname: ['HOSTNAME'],
  },
  secrets: ['api_key'],
  open: (options, { http, clock }) => {
    const url = intakeOf(options);
    const { source: ddsource, service, env, version, format, api_key: apiKey } = options;
    const host = options.hostname ?? hostname();
    const common = [
      ['env', env],
      ['service', service],
      ['version', version],
    ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value}`]));
    const post = async (lines: readonly string[], signal: AbortSignal): Promise<typeof ALL_TAKEN> => {
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
      const answer = await http.send(
        {
          method: 'POST',
          url,
          headers: apiKey === undefined ? headers : { ...headers, 'dd-api-key': apiKey },
          body: await gzip(`[${lines.join(',')}]`),
        },
        signal,
      );
      requireSuccess(answer, clock.nowMs());
      return ALL_TAKEN;
    };
    return {
      kind: 'lines',
      reaches: url,
      encode: (event) => {
        const { attribution } = event.record;
        const team = attribution.teamId === null ? [] : [`team:${attribution.teamId}`];
        const tags = [...common, ...attribution.tags.map((tag) => `request_tag:${tag}`), ...team];
        const message = boundedPayloadText(event, format, PAYLOAD_BYTES_MAX);
        const status = hasFailed(event.record) ? 'error' : 'info';
        return JSON.stringify({ ddsource, ddtags: tags.join(','), hostname: host, message, service, status });
      },
      deliver: (lines, signal) => {
        const parts = partsWithin(lines, { itemsMax: LOGS_MAX, bytesMax: BATCH_BYTES_MAX, bytesEach: 1 });
        return deliverInParts(lines, parts, AT_ONCE_MAX, (part) => post(part, signal));
      },
    };
  },
});

/** An agent comes before the intake, as at LiteLLM. @throws SinkSettingsError */
function intakeOf(options: {
  readonly api_key?: string | undefined;
  readonly site?: string | undefined;
  readonly base_url?: URL | undefined;
  readonly agent_host?: string | undefined;
  readonly agent_port: number;
}): URL {
  const { api_key: apiKey, site, base_url: base, agent_host: agent, agent_port: port } = options;
  if (base !== undefined) return new URL('/api/v2/logs', base);
  if (agent !== undefined) return new URL(`http://${agent}:${port}/api/v2/logs`);
  const missing = [apiKey === undefined ? 'DD_API_KEY' : '', site === undefined ? 'DD_SITE' : ''].filter(Boolean);
  if (missing.length > 0) throw new SinkSettingsError(missing.map((name) => `${name} is missing in the environment`));
  return new URL(`https://http-intake.logs.${site}/api/v2/logs`);
}
