import type { Exchange } from '../ports.ts';

/** Whether the process lives is told apart from whether it wants new requests. Paths as LiteLLM names them. */
const LIVE = new Set(['/health/liveliness', '/health/liveness', '/health']);
const READY = '/health/readiness';

/** @returns false when the request is not about health. Nothing else is told: these answer anyone. */
export function answerHealth(exchange: Exchange, draining: boolean): boolean {
  const path = exchange.target.split('?', 1)[0] ?? '';
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return false;
  if (LIVE.has(path)) answer(exchange, 200, '"I\'m alive!"');
  else if (path === READY && draining) answer(exchange, 503, '{"status":"draining"}');
  else if (path === READY) answer(exchange, 200, '{"status":"healthy"}');
  else return false;
  return true;
}

function answer(exchange: Exchange, status: number, json: string): void {
  exchange.answerWhole(
    status,
    ['content-type', 'application/json', 'cache-control', 'no-store'],
    Buffer.from(json),
    false,
  );
}
