/** The eight Bedrock services, named as AWS names their endpoints. */
export type ServiceId =
  | 'bedrock'
  | 'bedrock-runtime'
  | 'bedrock-agent'
  | 'bedrock-agent-runtime'
  | 'bedrock-agentcore'
  | 'bedrock-agentcore-control'
  | 'bedrock-data-automation'
  | 'bedrock-data-automation-runtime';

export interface Service {
  readonly id: ServiceId;
  /** First label of the service's host, before the region. */
  readonly hostPrefix: string;
  /** Service name in the credential scope of a SigV4 signature. */
  readonly signingName: 'bedrock' | 'bedrock-agentcore';
  readonly protocol: 'rest-json' | 'aws-json-1.1';
  /** Whether Bedrock API keys (`Authorization: Bearer`) work: the `auth` trait of the AWS models. */
  readonly takesBearer: boolean;
  /** Control planes create and change resources; data planes use them. */
  readonly plane: 'data' | 'control';
  /** The environment variable by which every AWS SDK lets one override this service's endpoint. */
  readonly endpointVariable: string;
}

export const SERVICES: Readonly<Record<ServiceId, Service>> = {
  bedrock: {
    id: 'bedrock',
    hostPrefix: 'bedrock',
    signingName: 'bedrock',
    protocol: 'rest-json',
    takesBearer: true,
    plane: 'control',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK',
  },
  'bedrock-runtime': {
    id: 'bedrock-runtime',
    hostPrefix: 'bedrock-runtime',
    signingName: 'bedrock',
    protocol: 'rest-json',
    takesBearer: true,
    plane: 'data',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK_RUNTIME',
  },
  'bedrock-agent': {
    id: 'bedrock-agent',
    hostPrefix: 'bedrock-agent',
    signingName: 'bedrock',
    protocol: 'rest-json',
    takesBearer: false,
    plane: 'control',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK_AGENT',
  },
  'bedrock-agent-runtime': {
    id: 'bedrock-agent-runtime',
    hostPrefix: 'bedrock-agent-runtime',
    signingName: 'bedrock',
    protocol: 'rest-json',
    takesBearer: false,
    plane: 'data',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME',
  },
  'bedrock-agentcore': {
    id: 'bedrock-agentcore',
    hostPrefix: 'bedrock-agentcore',
    signingName: 'bedrock-agentcore',
    protocol: 'rest-json',
    takesBearer: false,
    plane: 'data',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK_AGENTCORE',
  },
  'bedrock-agentcore-control': {
    id: 'bedrock-agentcore-control',
    hostPrefix: 'bedrock-agentcore-control',
    signingName: 'bedrock-agentcore',
    protocol: 'rest-json',
    takesBearer: false,
    plane: 'control',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL',
  },
  'bedrock-data-automation': {
    id: 'bedrock-data-automation',
    hostPrefix: 'bedrock-data-automation',
    signingName: 'bedrock',
    protocol: 'rest-json',
    takesBearer: false,
    plane: 'control',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK_DATA_AUTOMATION',
  },
  'bedrock-data-automation-runtime': {
    id: 'bedrock-data-automation-runtime',
    hostPrefix: 'bedrock-data-automation-runtime',
    signingName: 'bedrock',
    protocol: 'aws-json-1.1',
    takesBearer: false,
    plane: 'data',
    endpointVariable: 'AWS_ENDPOINT_URL_BEDROCK_DATA_AUTOMATION_RUNTIME',
  },
};

/** In the order of the table above; typed, which `Object.keys` is not. */
export const SERVICE_IDS: readonly ServiceId[] = Object.values(SERVICES).map((service) => service.id);

export function isServiceId(text: string): text is ServiceId {
  return Object.hasOwn(SERVICES, text);
}
