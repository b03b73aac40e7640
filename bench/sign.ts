/** What signing costs: `node bench/sign.ts`. Prints CPU µs per call, the best of several rounds, digest of the body not included. */
import { createSigner } from '../src/domain/aws/sigv4/sign.ts';

const CALLS_PER_ROUND = 50_000;
const ROUNDS = 7;

const payloadSha256Hex = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const scope = { region: 'us-east-1', service: 'bedrock' };
const keyPair = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const model = '/model/us.anthropic.claude-sonnet-4-20250514-v1%3A0/converse';
const profile =
  '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabcdefghijkl/converse';
const cases = [
  { name: 'model id', path: model, query: '', credentials: keyPair },
  { name: 'ARN, session token', path: profile, query: '', credentials: { ...keyPair, sessionToken: 'T'.repeat(900) } },
  { name: 'plain path, query', path: '/guardrails', query: 'maxResults=10&nextToken=a%2Fb', credentials: keyPair },
];

const sign = createSigner();
for (const { name, path, query, credentials } of cases) {
  const request = {
    method: 'POST',
    path,
    query,
    headers: [
      ['host', 'bedrock-runtime.us-east-1.amazonaws.com'],
      ['content-type', 'application/json'],
      ['accept', 'application/json'],
      ['x-amzn-bedrock-guardrailversion', '1'],
    ] as const,
    payloadSha256Hex,
  };
  let timeMs = Date.UTC(2026, 10, 1);
  const round = () => {
    const start = process.cpuUsage();
    for (let call = 0; call < CALLS_PER_ROUND; call++) sign({ ...request, timeMs: timeMs++ }, credentials, scope);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / CALLS_PER_ROUND;
  };
  const best = Math.min(...Array.from({ length: ROUNDS }, round));
  console.log(`${name.padEnd(20)} ${best.toFixed(2)} µs`);
}
