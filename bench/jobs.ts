import { z } from 'zod';

/** What the bench asks of the load process, and what it answers. */

const target = z.object({
  port: z.number().int(),
  /** What paths begin with: the mount of the gateway, or nothing. */
  mount: z.string(),
  bearer: z.string(),
});

export const jobSchema = z.discriminatedUnion('kind', [
  target.extend({
    kind: z.literal('unary'),
    bodyBytes: z.number().int(),
    connections: z.number().int(),
    durationMs: z.number(),
  }),
  target.extend({
    kind: z.literal('streams'),
    streams: z.number().int(),
    framesPerStream: z.number().int(),
    intervalMs: z.number(),
    /** Over how long the streams are started, evenly. */
    rampMs: z.number(),
  }),
]);

export const unaryResultSchema = z.object({
  requests: z.number(),
  durationMs: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
});

export const streamsResultSchema = z.object({
  /** From the time in a frame to its arrival here, over all frames of all streams. */
  delayMs: z.object({ p50: z.number(), p99: z.number(), p999: z.number(), max: z.number() }),
  frames: z.number(),
  /** How long all streams were open at the same time. */
  allOpenMs: z.number(),
  streams: z.array(z.object({ requestId: z.string(), sha256: z.string(), bytes: z.number() })),
});

export const replySchema = z.union([
  z.object({ kind: z.literal('unary'), result: unaryResultSchema }),
  z.object({ kind: z.literal('streams'), result: streamsResultSchema }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);

export type Job = z.output<typeof jobSchema>;
export type UnaryJob = Extract<Job, { kind: 'unary' }>;
export type StreamsJob = Extract<Job, { kind: 'streams' }>;
export type UnaryResult = z.output<typeof unaryResultSchema>;
export type StreamsResult = z.output<typeof streamsResultSchema>;
export type Reply = z.output<typeof replySchema>;
