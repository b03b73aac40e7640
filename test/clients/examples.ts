/** What the clients of these tests ask, and of which models. */

export const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

/** In a region that is not the gateway's default: requests for it have to be signed for that. */
export const PROFILE_ARN = 'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123';
export const AGENT_RUNTIME_ARN = 'arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/tool-abc123';

/** Well-formed, in a region that test gateways do not allow. */
export const FORBIDDEN_ARN = 'arn:aws:bedrock:ap-south-1:123456789012:application-inference-profile/abc123';

/** The body of InvokeModel for a Claude model. */
export const CLAUDE_BODY = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'What is an outcrop?' }],
});
