const MODEL = 'amazon.nova-lite-v1:0';
const MESSAGES = '[{"role":"user","content":[{"text":"Hello"}]}]';

/** Commands to paste into another terminal, whole and with the port that is really in use. */
export function pasteLines(origin: string): { readonly curl: string; readonly boto3: string } {
  return {
    curl: [
      `curl -X POST '${origin}/bedrock/model/${MODEL}/converse' \\`,
      "  -H 'Content-Type: application/json' -H 'Authorization: Bearer anything' \\",
      `  -d '{"messages":${MESSAGES}}'`,
    ].join('\n'),
    boto3: [
      "python3 - <<'END'",
      'import boto3',
      `client = boto3.client('bedrock-runtime', endpoint_url='${origin}/bedrock', region_name='us-east-1',`,
      "                      aws_access_key_id='anything', aws_secret_access_key='anything')",
      `answer = client.converse_stream(modelId='${MODEL}', messages=${MESSAGES})`,
      "for event in answer['stream']:",
      "    print(event.get('contentBlockDelta', {}).get('delta', {}).get('text', ''), end='', flush=True)",
      'END',
    ].join('\n'),
  };
}
