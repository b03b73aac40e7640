import type { Operation } from '../route.ts';
import type { AnswerOperation } from './answer.ts';
import { converse, converseStream } from './converse.ts';
import { echo } from './echo.ts';

/** Which operation has which answer. What is not listed is echoed. */
const ANSWERS: Readonly<Record<string, AnswerOperation>> = {
  'bedrock-runtime:Converse': converse,
  'bedrock-runtime:ConverseStream': converseStream,
};

/** How an operation is answered. */
export function answerOf({ service, operation }: Operation): AnswerOperation {
  return ANSWERS[`${service}:${operation}`] ?? echo;
}
