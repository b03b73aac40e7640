import { BedrockError } from '../bedrock-error.ts';
import type { JsonObject } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer } from './answer.ts';
import { echo } from './echo.ts';

/**
 * Reads what the account has made for itself, and 404 for what it has not. An account that has made nothing at all is
 * not looked into: then these operations answer an echo, like all others.
 */
export function getOwnResource(asked: Asked): Answer {
  const own = ownResource(asked);
  if (own === undefined && asked.resources.size === 0) return echo(asked);
  if (own === undefined) throw new BedrockError(404, 'ResourceNotFoundException', 'Could not find the resource.');
  return jsonAnswer(own);
}

/** What the account has made for itself, by the one label of such operations. A version of a prompt stands behind a colon. */
export function ownResource({ operation, labels, query, resources }: Asked): JsonObject | undefined {
  const [identifier = ''] = Object.values(labels);
  const { promptVersion } = query;
  const wanted = promptVersion === undefined ? identifier : `${identifier}:${promptVersion}`;
  return resources.get(`${operation.operation} ${wanted}`);
}
