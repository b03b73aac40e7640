/** Fields of ExportTraceServiceResponse and of ExportTracePartialSuccess; those of metrics are the same. */
const PARTIAL_SUCCESS = 0x0a;
const REJECTED = 0x08;

/**
 * How many items a receiver did not take of a request it answered with success: the partial success of OTLP.
 * @param answer read as UTF-8, which keeps numbers below 128 as they were; of greater ones only that there are some is left
 * @returns 0 for an answer that says nothing of the kind
 */
export function rejectedItems(answer: string): number {
  const [kind, , field, count = 0] = Buffer.from(answer.slice(0, 4));
  if (kind !== PARTIAL_SUCCESS || field !== REJECTED) return 0;
  return count < 0x80 ? count : 1;
}
