import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  replySchema,
  type Job,
  type Reply,
  type StreamsJob,
  type StreamsResult,
  type UnaryJob,
  type UnaryResult,
} from './jobs.ts';
import { OTHER_CORE, type Processes } from './processes.ts';

const LOAD_PROCESS = fileURLToPath(new URL('./load-process.ts', import.meta.url));

/** The load process, seen from the bench. One job at a time. */
export interface Load {
  /** @throws Error when any answer was not as it should be */
  unary(job: Omit<UnaryJob, 'kind'>): Promise<UnaryResult>;
  /** @throws Error when any stream was not as it should be */
  streams(job: Omit<StreamsJob, 'kind'>): Promise<StreamsResult>;
}

export function startLoad(processes: Processes): Load {
  const running = processes.start(process.execPath, [LOAD_PROCESS], { core: OTHER_CORE, messages: true });
  const ended = once(running.child, 'exit').then(([code, signal]: unknown[]) => {
    throw new Error(`The load process ended (${String(signal ?? code)}):\n${running.output()}`);
  });
  ended.catch(() => undefined);
  const perform = async (job: Job): Promise<Reply> => {
    running.child.send(job);
    const [message]: unknown[] = await Promise.race([once(running.child, 'message'), ended]);
    const reply = replySchema.parse(message);
    if (reply.kind === 'failed') throw new Error(reply.message);
    return reply;
  };
  return {
    unary: async (job) => {
      const reply = await perform({ kind: 'unary', ...job });
      if (reply.kind !== 'unary') throw new Error('The load process answered another job.');
      return reply.result;
    },
    streams: async (job) => {
      const reply = await perform({ kind: 'streams', ...job });
      if (reply.kind !== 'streams') throw new Error('The load process answered another job.');
      return reply.result;
    },
  };
}
