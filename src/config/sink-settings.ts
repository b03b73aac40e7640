import { z } from 'zod';
import { PatternError } from '../domain/content/pattern-source.ts';
import { compileRedaction } from '../domain/content/redaction.ts';
import { DELIVERIES, type SinkSettings } from '../domain/sink-settings.ts';
import { TRACE_CONTEXT_USES } from '../domain/trace-context.ts';
import { flag, list, MIB, settingFacts } from './setting.ts';

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const NOT_A_NAME = 'must be names of lower-case letters, digits, _ and -';

const name = z.string().trim().toLowerCase().regex(NAME, NOT_A_NAME);
const whole = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum).optional();

/** What every sink can be told; the rest is the sink's own, and looked into when it is opened. */
const ofEverySink = z.looseObject({
  type: name.optional(),
  delivery: z.enum(DELIVERIES).optional(),
  content: z.boolean().default(true),
  batch_size: whole(1, 100_000),
  /** In seconds, as LiteLLM has it. */
  flush_interval: z.coerce.number().min(0.05).max(3600).optional(),
  queue_size: whole(1, 1_000_000),
  queue_bytes: whole(MIB, 4096 * MIB),
  outbox_bytes: whole(16 * MIB, 1024 * 1024 * MIB),
});

/** `generic_api: {…}`; `stdout:` and `stdout: true` stand for a sink without settings. */
const oneSink = z.preprocess((given) => (given === null || given === true ? {} : given), ofEverySink);

const byName = z
  .record(name, oneSink)
  .transform((sinks) => Object.entries(sinks).map(([name, given]) => sinkOf(name, given)));

const asList = z.array(name).transform((names) => [...new Set(names)].map((name) => sinkOf(name, { content: true })));

const asText = z
  .string()
  .transform((names) => names.split(',').map((each) => each.trim()))
  .transform((names) => names.filter((each) => each !== ''))
  .pipe(asList);

/** Chosen by what was given, and not a union: that would say of every mistake only that there is one. */
const sinks = z.unknown().transform((given, context): readonly SinkSettings[] => {
  const parsed = schemaOf(given).safeParse(given);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const message = issue.code === 'invalid_key' ? NOT_A_NAME : issue.message;
    context.addIssue({ code: 'custom', path: [...issue.path], message });
  }
  return z.NEVER;
});

/** Rules of redaction, which are looked at also where nothing is recorded yet: they are to hold on the day it is. */
const rules = (compile: (rules: readonly string[]) => unknown) =>
  list
    .superRefine((given, context) => {
      try {
        compile(given);
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        context.addIssue(error.message);
      }
    })
    .default([]);

/** Where call records go. */
export const sinkSettings = {
  metrics: z
    .enum(['off', 'outcrop', 'litellm'])
    .default('off')
    .register(settingFacts, {
      env: ['OUTCROP_METRICS'],
      about:
        'Prometheus metrics at /metrics, behind the master key: by our names, or by those of LiteLLM where it has the same.',
    }),
  recordContent: z
    .union([z.literal('per-key'), flag()], { error: 'must be true, false or per-key' })
    .default(false)
    .register(settingFacts, {
      env: ['OUTCROP_RECORD_CONTENT'],
      about:
        'Give sinks what was asked and answered, as text for people: true, or per-key for the keys and teams that ask for it. Prompts may hold what nobody should read.',
    }),
  contentBytesMax: z.coerce
    .number()
    .int()
    .min(256)
    .max(4 * MIB)
    .default(64 * 1024)
    .register(settingFacts, {
      env: ['OUTCROP_CONTENT_BYTES_MAX'],
      about: 'Of the content of a request, and of an answer, no more than this is kept.',
    }),
  redactFields: rules((fields) => compileRedaction(fields, [])).register(settingFacts, {
    env: ['OUTCROP_REDACT_FIELDS'],
    about: 'Members of requests and answers whose values no sink gets: names, or paths such as messages.*.content.',
  }),
  redactPatterns: rules((patterns) => compileRedaction([], patterns)).register(settingFacts, {
    env: ['OUTCROP_REDACT_PATTERNS'],
    about: 'Patterns of texts that no sink gets, see docs/logging.md.',
  }),
  traceContext: z
    .enum(TRACE_CONTEXT_USES)
    .default('take')
    .register(settingFacts, {
      env: ['OUTCROP_TRACE_CONTEXT'],
      about:
        'Whether a call belongs to the trace that the traceparent of its request names: off, take, or take-and-pass, which also makes it the parent of what Bedrock does.',
    }),
  sinks: sinks.default([]).register(settingFacts, {
    env: ['OUTCROP_SINKS'],
    // Settings of sinks in the file may be keys of their receivers.
    secret: true,
    about:
      'Where every call record goes, such as stdout,s3_v2,datadog (comma separated). In the file: a list, or a map from name to settings, see docs/logging.md.',
  }),
};

function schemaOf(given: unknown): typeof asText | typeof asList | typeof byName {
  if (typeof given === 'string') return asText;
  return Array.isArray(given) ? asList : byName;
}

function sinkOf(name: string, given: z.output<typeof ofEverySink>): SinkSettings {
  const { type, delivery, content, batch_size, flush_interval, queue_size, queue_bytes, outbox_bytes, ...options } =
    given;
  return {
    name,
    type: type ?? name,
    delivery: delivery ?? null,
    content,
    batchSize: batch_size ?? null,
    flushIntervalMs: flush_interval === undefined ? null : Math.round(flush_interval * 1000),
    queueSizeMax: queue_size ?? null,
    queueBytesMax: queue_bytes ?? null,
    outboxBytesMax: outbox_bytes ?? null,
    options,
  };
}
