import { jobSchema, type Job, type Reply } from './jobs.ts';
import { loadUnary } from './load.ts';
import { loadStreams } from './load-streams.ts';

/** The load as a process of its own, so that it can be pinned to a core and its work be told apart from the rest. */

process.on('message', (message: unknown) => {
  void perform(jobSchema.parse(message)).then((reply) => process.send?.(reply));
});
// Without the bench there is nobody to work for.
process.on('disconnect', () => process.exit());

async function perform(job: Job): Promise<Reply> {
  try {
    if (job.kind === 'unary') return { kind: 'unary', result: await loadUnary(job) };
    return { kind: 'streams', result: await loadStreams(job) };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}
