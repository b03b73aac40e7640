import { z } from 'zod';
import { boundedPayloadText } from '../domain/payloads/payload-format.ts';
import { requireSuccess } from './delivery-fault.ts';
import { defineSink, SinkSettingsError } from './define-sink.ts';
import { createAccessTokens } from './google/access-token.ts';
import { readServiceAccount } from './google/service-account.ts';
import { deliverInParts } from './in-parts.ts';
import { httpUrl, payloadFormat, text } from './options.ts';
import { partsWithin } from './parts-within.ts';
import { ALL_TAKEN } from './sink.ts';

/** https://cloud.google.com/pubsub/quotas: 1000 messages and 10 MB in a request, in which base64 takes a third more. */
const MESSAGES_MAX = 1000;
const MESSAGE_BYTES_MAX = 7_000_000;
/** `{"data":""},` */
const BYTES_EACH = 12;
const AT_ONCE_MAX = 4;

const host = text.regex(
  /^[A-Za-z0-9._-]+(?::\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](?::\d{1,5})?$/,
  'must be a host with or without a port',
);

/** Messages in Google Cloud Pub/Sub, a call each. LiteLLM's settings: https://docs.litellm.ai/docs/proxy/logging */
export const sink = defineSink({
  about: 'messages in Google Cloud Pub/Sub',
  delivery: 'at-least-once',
  options: z.strictObject({
    gcs_pubsub_topic_id: text.regex(/^[A-Za-z][A-Za-z0-9._~+-]{2,254}$/, 'must be the name of a topic, without a path'),
    gcs_pubsub_project_id: text.regex(/^[a-z0-9][a-z0-9.:-]*$/, 'must be the id of a project').optional(),
    /** Without one the machine's own account counts. */
    gcs_path_service_account: text.optional(),
    /** Of a region, say. */
    gcs_pubsub_endpoint_url: httpUrl.default(new URL('https://pubsub.googleapis.com')),
    /** Without credentials, and instead of the endpoint. */
    pubsub_emulator_host: host.optional(),
    gce_metadata_host: host.default('metadata.google.internal'),
    format: payloadFormat('litellm'),
  }),
  variables: {
    gcs_pubsub_topic_id: ['GCS_PUBSUB_TOPIC_ID'],
    gcs_pubsub_project_id: ['GCS_PUBSUB_PROJECT_ID', 'GOOGLE_CLOUD_PROJECT'],
    gcs_path_service_account: ['GCS_PATH_SERVICE_ACCOUNT', 'GOOGLE_APPLICATION_CREDENTIALS'],
    pubsub_emulator_host: ['PUBSUB_EMULATOR_HOST'],
    gce_metadata_host: ['GCE_METADATA_HOST'],
  },
  secrets: [],
  open: async (options, { http, clock }) => {
    const { gcs_path_service_account: file, pubsub_emulator_host: emulator, format } = options;
    const { account, projectId } =
      file === undefined || emulator !== undefined
        ? { account: null, projectId: null }
        : await readServiceAccount(file);
    const project = options.gcs_pubsub_project_id ?? projectId;
    if (project === null) {
      throw new SinkSettingsError([
        'gcs_pubsub_project_id (or GCS_PUBSUB_PROJECT_ID in the environment) is missing, and no file names a project',
      ]);
    }
    const base = emulator === undefined ? options.gcs_pubsub_endpoint_url : new URL(`http://${emulator}`);
    const path = `projects/${project}/topics/${encodeURIComponent(options.gcs_pubsub_topic_id)}`;
    const url = new URL(`${base.origin}/v1/${path}:publish`);
    const tokens = createAccessTokens({
      account,
      metadataHost: options.gce_metadata_host,
      scope: 'https://www.googleapis.com/auth/pubsub',
      http,
      clock,
    });
    const publish = async (lines: readonly string[], signal: AbortSignal): Promise<typeof ALL_TAKEN> => {
      const messages = lines.map((line) => ({ data: Buffer.from(line).toString('base64') }));
      const token = emulator === undefined ? await tokens.get(signal) : null;
      const headers = {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      };
      const answer = await http.send({ method: 'POST', url, headers, body: JSON.stringify({ messages }) }, signal);
      if (answer.status === 401) tokens.forget();
      requireSuccess(answer, clock.nowMs());
      return ALL_TAKEN;
    };
    return {
      kind: 'lines',
      reaches: url,
      encode: (event) => boundedPayloadText(event, format, MESSAGE_BYTES_MAX),
      deliver: (lines, signal) => {
        const bounds = { itemsMax: MESSAGES_MAX, bytesMax: MESSAGE_BYTES_MAX, bytesEach: BYTES_EACH };
        return deliverInParts(lines, partsWithin(lines, bounds), AT_ONCE_MAX, (part) => publish(part, signal));
      },
    };
  },
});
