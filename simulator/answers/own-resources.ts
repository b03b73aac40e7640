import { BedrockError } from '../bedrock-error.ts';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer } from './answer.ts';

/** Reads what the account has made for itself, and 404 for what it has not. A version of a prompt stands behind a colon. */
export function getOwnResource(asked: Asked): Answer {
  const [identifier = ''] = Object.values(asked.labels);
  const { promptVersion } = asked.query;
  const wanted = promptVersion === undefined ? identifier : `${identifier}:${promptVersion}`;
  const own = asked.resources.get(wanted);
  if (own === undefined) throw new BedrockError(404, 'ResourceNotFoundException', `Could not find ${wanted}.`);
  return jsonAnswer(own);
}
