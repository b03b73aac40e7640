import type { ArrivedRequest } from './arrived-request.ts';
import { headerValues } from './arrived-request.ts';
import { invalid } from './bedrock-error.ts';
import type { Operation } from './route.ts';

/** Bedrock itself ignores headers it does not know. The simulator refuses them, so that one that leaked is seen. */

const ALLOWED = new Set([
  'accept',
  'authorization',
  'baggage',
  'connection',
  'content-length',
  'content-type',
  'host',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
  // The loop marker of the gateway this simulator is mostly used behind.
  'x-outcrop-loop',
]);

const ALLOWED_PREFIXES = ['anthropic-', 'mcp-', 'x-amzn-bedrock-'];

const SINGLE = ['content-length', 'content-type', 'host', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-target'];

/** Throws 400 and names every header that a careful client would not have sent to this operation. */
export function checkHeaders(request: ArrivedRequest, operation: Operation, protocol: string): void {
  const unexpected = request.rawHeaders
    .filter(([name, value]) => !isAllowed(name.toLowerCase(), value, operation, protocol))
    .map(([name]) => name.toLowerCase());
  if (unexpected.length > 0) {
    throw invalid(`Headers that should not have travelled: ${[...new Set(unexpected)].sort().join(', ')}.`);
  }
}

/** Throws 400 when a header that decides something was sent twice: two readers could choose differently. */
export function checkSingleHeaders(request: Pick<ArrivedRequest, 'rawHeaders'>): void {
  const repeated = SINGLE.filter((name) => headerValues(request, name).length > 1);
  if (repeated.length > 0) throw invalid(`Headers sent more than once: ${repeated.join(', ')}.`);
}

function isAllowed(name: string, value: string, operation: Operation, protocol: string): boolean {
  if (ALLOWED.has(name) || operation.inputHeaders.includes(name)) return true;
  if (ALLOWED_PREFIXES.some((prefix) => name.startsWith(prefix))) return true;
  if (name === 'accept-encoding') return value === 'identity';
  return name === 'x-amz-target' && protocol === 'awsJson1.1';
}
