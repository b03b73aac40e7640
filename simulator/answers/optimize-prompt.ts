import { eventFrame } from '../event-stream.ts';
import { objectAt, textAt } from '../json.ts';
import type { Answer, Asked } from './answer.ts';
import { streamAnswer } from './answer.ts';
import { paceOf } from './reply.ts';
import { checkRequired } from './required.ts';

/** OptimizePrompt: an analysis, then the prompt with one sentence more. */
export function optimizePrompt(asked: Asked): Answer {
  const body = asked.json();
  checkRequired(body, ['input', 'targetModelId']);
  const text = textAt(objectAt(objectAt(body, 'input'), 'textPrompt'), 'text') ?? '';
  const frames = [
    eventFrame('analyzePromptEvent', { message: `The prompt has ${text.length} characters.` }),
    eventFrame('optimizedPromptEvent', { optimizedPrompt: { textPrompt: { text: `${text} Answer briefly.` } } }),
  ];
  return streamAnswer(frames, paceOf(body, asked.pace));
}
