/**
 * A process of a fleet: reserves as often as it is told, and prints how many were admitted. Arguments: the socket of
 * Redis, the prefix, the kind of limit, calls in all, calls at once.
 */
import { openInstance } from '../counters/fleet.ts';
import { chargeOf, FOREVER, limitOf, rolling } from '../counters/limits.ts';

const [url = '', prefix = '', kind = '', calls = '0', atOnce = '1'] = process.argv.slice(2);
const { counters } = await openInstance({ url, prefix, timing: { timeoutMs: 10_000 } });
const charge =
  kind === 'budget'
    ? chargeOf(limitOf('spend', 1_000_000_000, FOREVER), 100_000_000)
    : chargeOf(limitOf('requests', 100, rolling(60)), 1);

let admitted = 0;
let left = Number(calls);
await Promise.all(Array.from({ length: Number(atOnce) }, caller));
await counters.close();
console.log(admitted);

async function caller(): Promise<void> {
  while (left > 0) {
    left -= 1;
    const id = `${process.pid}-${left}`;
    const { kind } = await counters.reserve(id, [charge]);
    if (kind === 'admitted') admitted += 1;
    // Requests count when they are over too; money stays held, as under running calls.
    if (kind === 'admitted' && charge.limit.kind === 'requests') counters.settle(id, [1]);
  }
}
