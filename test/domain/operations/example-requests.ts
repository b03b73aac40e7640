import type { Operation } from '../../../src/domain/operations/operation.ts';

/** The ARN of a resource that the service of an operation owns, so that shared paths are told apart. */
const RESOURCES: Readonly<Record<string, string>> = {
  bedrock: 'bedrock:us-east-1:123456789012:guardrail/abc',
  'bedrock-runtime': 'bedrock:us-east-1:123456789012:application-inference-profile/abc',
  'bedrock-agent': 'bedrock:us-east-1:123456789012:agent/ABC',
  'bedrock-agent-runtime': 'bedrock:us-east-1:123456789012:session/abc',
  'bedrock-agentcore': 'bedrock-agentcore:us-east-1:123456789012:runtime/abc',
  'bedrock-agentcore-control': 'bedrock-agentcore:us-east-1:123456789012:gateway/abc',
  'bedrock-data-automation': 'bedrock:us-east-1:123456789012:blueprint/abc',
};

export interface Spelling {
  readonly name: string;
  /** A label value as one client writes it into a path. */
  readonly encode: (value: string) => string;
}

/** boto3 and the JS SDK encode `:` and `/`, Anthropic's SDKs only `/`. */
export const SPELLINGS: readonly Spelling[] = [
  { name: 'boto3', encode: encodeURIComponent },
  { name: 'Anthropic', encode: (value) => value.replaceAll('/', '%2F') },
];

export function resourceArn(service: string): string {
  return `arn:aws:${RESOURCES[service] ?? ''}`;
}

/** The path of an operation with example labels: an ARN wherever an ARN or id is taken. */
export function examplePath({ path, service }: Operation, { encode }: Spelling): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, label: string) =>
    /(?:Arn|Id|Identifier)$/.test(label) ? encode(resourceArn(service)) : encode(`a-${label}`),
  );
}
