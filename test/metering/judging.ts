import assert from 'node:assert/strict';
import type { SimulatorRequest } from '../../simulator/index.ts';
import type { Seen } from './caller.ts';
import type { CallOnDisk } from './stored-calls.ts';
import type { PlannedCall } from './workload.ts';

/** A call as its client knows it. */
export interface Made {
  readonly planned: PlannedCall;
  readonly seen: Seen;
}

/** The three views of one call: the client's, Bedrock's and the gateway's. Either of the latter may have none. */
export type Judge = (made: Made, said: SimulatorRequest | undefined, stored: CallOnDisk | undefined) => void;

/** Judges every call. @throws AssertionError with all that is known of the first one that is wrong */
export function judgeAll(
  made: ReadonlyMap<string, Made>,
  said: ReadonlyMap<string, SimulatorRequest>,
  stored: ReadonlyMap<string, CallOnDisk>,
  judge: Judge,
): void {
  for (const [name, call] of made) {
    try {
      judge(call, said.get(name), stored.get(name));
    } catch (error) {
      const facts = { ...call, said: said.get(name)?.ended, stored: stored.get(name) };
      throw new Error(`${name}: ${JSON.stringify(facts, withBigInts)}`, { cause: error });
    }
  }
}

function withBigInts(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

/** What the simulator got, by the name its client gave it. @throws AssertionError when something came twice */
export function byUserAgent(requests: readonly SimulatorRequest[]): ReadonlyMap<string, SimulatorRequest> {
  const found = new Map<string, SimulatorRequest>();
  for (const request of requests) {
    const name = request.rawHeaders.find(([header]) => header.toLowerCase() === 'user-agent')?.[1] ?? '';
    assert.ok(!found.has(name), `${name} was sent twice`);
    found.set(name, request);
  }
  return found;
}
