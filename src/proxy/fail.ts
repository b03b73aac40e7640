import { Refusal } from '../domain/errors.ts';
import { LimitRefusal } from '../domain/limits/limit-refusal.ts';
import { refusalBody } from '../domain/refusal-body.ts';
import type { Exchange } from '../ports.ts';
import type { Call } from './call.ts';
import { ClientGone } from './client-gone.ts';
import type { Proxy } from './proxy.ts';
import { settle } from './settle.ts';

/**
 * Ends a call that could not go its way: with an answer of the gateway's own while none has begun, else by breaking the
 * connection. The one place where unknown errors become ours; their cause goes to the log, never to the client.
 */
export function fail(exchange: Exchange, call: Call, cause: unknown, proxy: Proxy): void {
  if (cause instanceof ClientGone) {
    call.outcome = 'abandoned';
    settle(call, 'abandoned', false, proxy);
    exchange.break();
    return;
  }
  const refusal =
    cause instanceof Refusal ? cause : new Refusal('internalError', 'The gateway failed on this request.', cause);
  call.refusal = refusal;
  if (exchange.answered) {
    call.outcome = 'broken';
    settle(call, 'broken', false, proxy);
    exchange.break();
    return;
  }
  call.outcome = 'refused';
  call.status = statusFor(refusal, exchange);
  settle(call, 'refused', false, proxy);
  const { row } = refusal;
  const headers = [
    'content-type',
    'application/json',
    'x-amzn-errortype',
    row.exception,
    'x-amzn-requestid',
    call.id,
    'x-outcrop-request-id',
    call.id,
  ];
  headers.push(...adviceOf(refusal));
  exchange.answerWhole(call.status, headers, refusalBody(refusal, call.status), row.closesConnection === true);
}

/** When to come again. A limit knows, and what it has left; the others have one answer for all. */
function adviceOf(refusal: Refusal): readonly string[] {
  if (refusal instanceof LimitRefusal && refusal.headers.length > 0) return refusal.headers;
  const { retryAfterSeconds } = refusal.row;
  return retryAfterSeconds === undefined ? [] : ['retry-after', String(retryAfterSeconds)];
}

/**
 * Claude Code repeats a 403 eleven times over three minutes and a 400 not at all; nor is a wrong key any better after the
 * wait that a 429 asks for. The one 403 it wants is that of the list of inference profiles it fetches at its start.
 */
function statusFor(refusal: Refusal, exchange: Exchange): number {
  const { status } = refusal.row;
  const isClaudeCode = exchange.headers.get('user-agent')?.startsWith('claude-cli/') === true;
  if (!isClaudeCode) return status;
  if (exchange.method === 'GET' && exchange.target.includes('/inference-profiles'))
    return status === 401 ? 403 : status;
  return status === 403 || refusal.kind === 'tooManyFailedLogins' ? 400 : status;
}
