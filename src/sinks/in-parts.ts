import { DeliveryFault } from './delivery-fault.ts';
import { inParallel } from './in-parallel.ts';
import type { BatchResult } from './sink.ts';

/** Delivers some lines; places in the result are places in what it was given. */
export type DeliverPart = (lines: readonly string[]) => Promise<BatchResult>;

/**
 * Delivers a batch in parts, several at a time. A part that fails holds back no other, what was taken stays taken, and in
 * a part that is refused the line that does it is found by halves.
 * @param parts places in the batch @throws DeliveryFault when nothing was taken, nor will any of it be refused
 */
export async function deliverInParts(
  lines: readonly string[],
  parts: readonly (readonly number[])[],
  atOnceMax: number,
  deliver: DeliverPart,
): Promise<BatchResult> {
  const faults: DeliveryFault[] = [];
  const one = async (places: readonly number[]): Promise<BatchResult> => {
    try {
      const { again, refused, reason } = await deliver(at(lines, places));
      return { again: at(places, again), refused: at(places, refused), reason };
    } catch (error) {
      if (!(error instanceof DeliveryFault)) throw error;
      const reason = error.message;
      if (error.verdict === 'again') {
        faults.push(error);
        return { again: places, refused: [], reason };
      }
      if (places.length === 1) return { again: [], refused: places, reason };
      const half = Math.ceil(places.length / 2);
      return together([await one(places.slice(0, half)), await one(places.slice(half))]);
    }
  };
  const result = together(await inParallel(parts, atOnceMax, one));
  const [fault] = faults;
  if (fault !== undefined && result.again.length === lines.length) throw fault;
  return result;
}

/** Places of a batch in parts of so many. */
export function partsOf(count: number, sizeMax: number): readonly (readonly number[])[] {
  const all = Array.from({ length: count }, (_, place) => place);
  return Array.from({ length: Math.ceil(count / sizeMax) }, (_, part) =>
    all.slice(part * sizeMax, (part + 1) * sizeMax),
  );
}

function together(results: readonly BatchResult[]): BatchResult {
  return {
    again: results.flatMap(({ again }) => again),
    refused: results.flatMap(({ refused }) => refused),
    reason: results.find(({ reason }) => reason !== null)?.reason ?? null,
  };
}

function at<Value>(values: readonly Value[], places: readonly number[]): Value[] {
  return places.flatMap((place) => values.slice(place, place + 1));
}
