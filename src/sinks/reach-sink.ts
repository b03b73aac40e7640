import type { SinkHttp } from './http.ts';
import type { Sink } from './sink.ts';

/** @returns why what a sink writes to can't be had now, in a line without a secret; null where it can, as far as can be told */
export async function whyOutOfReach(
  sink: Pick<Sink, 'reaches' | 'tryOut'>,
  http: Pick<SinkHttp, 'reach'>,
): Promise<string | null> {
  try {
    if (sink.reaches !== null) await http.reach(sink.reaches);
    await sink.tryOut?.();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
