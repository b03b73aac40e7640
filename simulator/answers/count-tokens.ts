import { invalid } from '../bedrock-error.ts';
import { isObject, objectAt, textAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { jsonAnswer } from './answer.ts';
import { converseInputTokens } from './converse.ts';
import { invokeInputTokens } from './invoke-model/index.ts';
import { checkModelId } from './model-id.ts';
import { checkRequired } from './required.ts';

/** CountTokens: the same counts as the same request would be billed. */
export function countTokens(asked: Asked): Answer {
  const modelId = asked.labels['modelId'] ?? '';
  checkModelId(modelId);
  const body = asked.json();
  checkRequired(body, ['input']);
  return jsonAnswer({ inputTokens: inputTokensOf(modelId, objectAt(body, 'input')) });
}

function inputTokensOf(modelId: string, input: JsonObject): number {
  if ('converse' in input) {
    const { plain, cached } = converseInputTokens(objectAt(input, 'converse'));
    return plain + cached;
  }
  const encoded = textAt(objectAt(input, 'invokeModel'), 'body');
  if (encoded === undefined) throw invalid("The member 'input' is neither invokeModel nor converse.");
  return invokeInputTokens(modelId, parse(Buffer.from(encoded, 'base64').toString()));
}

function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Falls through to the refusal: text that is no JSON and JSON that is no object are the same mistake.
  }
  throw invalid("The member 'input.invokeModel.body' is not a JSON object.");
}
