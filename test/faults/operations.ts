/** The two streaming operations that faults are tried on, and the unary form of the first. */

export interface FaultedOperation {
  readonly name: 'ConverseStream' | 'InvokeModelWithResponseStream';
  /** Under the gateway's origin. */
  readonly path: string;
  readonly body: string;
}

export const MODEL_ID = 'anthropic.claude-3-haiku-20240307-v1:0';
const MODEL_PATH = `/bedrock/model/${encodeURIComponent(MODEL_ID)}`;

export const CONVERSE_INPUT = { messages: [{ role: 'user' as const, content: [{ text: 'Where does it surface?' }] }] };
export const INVOKE_INPUT = {
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Where does it surface?' }],
};

export const CONVERSE = { path: `${MODEL_PATH}/converse`, body: JSON.stringify(CONVERSE_INPUT) } as const;

export const STREAMING_OPERATIONS: readonly FaultedOperation[] = [
  { name: 'ConverseStream', path: `${MODEL_PATH}/converse-stream`, body: JSON.stringify(CONVERSE_INPUT) },
  {
    name: 'InvokeModelWithResponseStream',
    path: `${MODEL_PATH}/invoke-with-response-stream`,
    body: JSON.stringify(INVOKE_INPUT),
  },
];
