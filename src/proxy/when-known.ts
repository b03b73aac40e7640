/**
 * Goes on with a value that is nearly always there already. An `await` makes every request pay for the few that have to
 * wait: a promise, and a turn of the microtask queue.
 */
export function whenKnown<Value, Result>(
  value: Value | Promise<Value>,
  step: (value: Value) => Result | Promise<Result>,
): Result | Promise<Result> {
  return value instanceof Promise ? value.then(step) : step(value);
}
