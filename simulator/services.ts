/** The eight Bedrock services the simulator stands in for, each on a port of its own so that a misrouted request is seen. */

export interface Service {
  readonly id: string;
  /** The service name of the SigV4 credential scope. */
  readonly signingName: 'bedrock' | 'bedrock-agentcore';
  /** Whether AWS takes a Bedrock API key (`Authorization: Bearer`) here. */
  readonly bearer: boolean;
  readonly protocol: 'rest-json' | 'awsJson1.1';
  /** The variable by which AWS SDKs are pointed at another endpoint for this service alone. */
  readonly environmentVariable: string;
}

export const SERVICE_IDS = [
  'bedrock',
  'bedrock-runtime',
  'bedrock-agent',
  'bedrock-agent-runtime',
  'bedrock-agentcore',
  'bedrock-agentcore-control',
  'bedrock-data-automation',
  'bedrock-data-automation-runtime',
] as const;

export type ServiceId = (typeof SERVICE_IDS)[number];

/** The facts about a service that its API model states. */
export function serviceOf(id: ServiceId): Service {
  return {
    id,
    signingName: id.startsWith('bedrock-agentcore') ? 'bedrock-agentcore' : 'bedrock',
    bearer: id === 'bedrock' || id === 'bedrock-runtime',
    protocol: id === 'bedrock-data-automation-runtime' ? 'awsJson1.1' : 'rest-json',
    environmentVariable: `AWS_ENDPOINT_URL_${id.replaceAll('-', '_').toUpperCase()}`,
  };
}
