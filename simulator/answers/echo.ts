import { createHash } from 'node:crypto';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer } from './answer.ts';

/** The answer of every operation without one of its own: what arrived, so that a test can compare. */
export function echo(asked: Asked): Answer {
  const { operation, request, labels, query } = asked;
  return jsonAnswer({
    service: operation.service,
    operation: operation.operation,
    method: request.method,
    target: request.target,
    labels,
    query,
    bodySha256: createHash('sha256').update(request.body).digest('hex'),
    bodyBytes: request.body.length,
  });
}
