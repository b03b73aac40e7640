import { z } from 'zod';

/** What the bench asks of the load process, and what it answers. */

const target = z.object({
  port: z.number().int(),
  /** What paths begin with: the mount of the gateway, or nothing. */
  mount: z.string(),
});

/** Who sends the requests, one caller after the other and then from the first again. */
const callers = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('bearer'), keys: z.array(z.string()).min(1) }),
  z.object({
    kind: z.literal('signed'),
    pairs: z.array(z.object({ accessKeyId: z.string(), secretAccessKey: z.string() })).min(1),
  }),
]);

export const jobSchema = z.discriminatedUnion('kind', [
  target.extend({
    kind: z.literal('unary'),
    callers,
    /** How many callers are passed over at first, so that a round can go on where the one before ended. */
    callersSkipped: z.number().int(),
    bodyBytes: z.number().int(),
    connections: z.number().int(),
    /** It ends with whichever bound is reached first; null for none. */
    durationMs: z.number().nullable(),
    requestsMax: z.number().int().nullable(),
  }),
  target.extend({
    kind: z.literal('streams'),
    bearer: z.string(),
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

export type Callers = z.output<typeof callers>;
export type Job = z.output<typeof jobSchema>;
export type UnaryJob = Extract<Job, { kind: 'unary' }>;
export type StreamsJob = Extract<Job, { kind: 'streams' }>;
export type UnaryResult = z.output<typeof unaryResultSchema>;
export type StreamsResult = z.output<typeof streamsResultSchema>;
export type Reply = z.output<typeof replySchema>;
