import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { SIMULATOR_CREDENTIALS, startSimulator } from '../../simulator/index.ts';
import type { Simulator } from '../../simulator/index.ts';

const run = promisify(execFile);

const isMissing = spawnSync('python3', ['-c', 'import boto3']).status !== 0;
const skip = isMissing && process.env['CI'] !== 'true' ? 'SKIPPED: python3 with boto3 is not installed' : false;
if (skip !== false) console.warn(skip);

const PROGRAM = `
import boto3, json
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

config = Config(retries={"total_max_attempts": 1})
def client(name):
    return boto3.client(name, config=config)

runtime = client("bedrock-runtime")
agents = client("bedrock-agent-runtime")
messages = [{"role": "user", "content": [{"text": "What is an outcrop?"}]}]
model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
seen = {}

answer = runtime.converse(modelId=model, messages=messages)
seen["converse"] = [answer["usage"]["inputTokens"], answer["stopReason"]]

events = list(runtime.converse_stream(modelId=model, messages=messages)["stream"])
seen["converse_stream"] = "".join(e.get("contentBlockDelta", {}).get("delta", {}).get("text", "") for e in events) \\
    == answer["output"]["message"]["content"][0]["text"]
seen["converse_stream_usage"] = events[-1]["metadata"]["usage"] == answer["usage"]

body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
                   "messages": [{"role": "user", "content": "What is an outcrop?"}]})
invoked = runtime.invoke_model(modelId=model, body=body)
seen["invoke_model"] = json.loads(invoked["body"].read())["usage"]["output_tokens"]
chunks = [json.loads(e["chunk"]["bytes"])
          for e in runtime.invoke_model_with_response_stream(modelId=model, body=body)["body"]]
seen["invoke_stream"] = chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"]

seen["count_tokens"] = runtime.count_tokens(modelId=model, input={"converse": {"messages": messages}})["inputTokens"]
seen["apply_guardrail"] = runtime.apply_guardrail(guardrailIdentifier="g1", guardrailVersion="1", source="INPUT",
    content=[{"text": {"text": "forbidden"}}])["action"]

seen["retrieve"] = len(agents.retrieve(knowledgeBaseId="KB12345678", retrievalQuery={"text": "bedrock"})["retrievalResults"])
rag = agents.retrieve_and_generate_stream(input={"text": "bedrock"})
seen["rag_stream"] = [list(e)[0] for e in rag["stream"]][-1]
agent = agents.invoke_agent(agentId="A1", agentAliasId="L1", sessionId="s1", inputText="bedrock", enableTrace=True)
seen["invoke_agent"] = sorted({list(e)[0] for e in agent["completion"]})
flow = agents.invoke_flow(flowIdentifier="F1", flowAliasIdentifier="L1", enableTrace=True,
    inputs=[{"nodeName": "Input", "nodeOutputName": "document", "content": {"document": "bedrock"}}])
seen["invoke_flow"] = [list(e)[0] for e in flow["responseStream"]]

seen["models"] = len(client("bedrock").list_foundation_models()["modelSummaries"])
client("bedrock-agent").get_agent(agentId="A1")
client("bedrock-agentcore-control").list_agent_runtimes()
client("bedrock-data-automation").list_blueprints()
client("bedrock-data-automation-runtime").get_data_automation_status(invocationArn="arn:aws:x")
seen["echo"] = "answered"

try:
    runtime.converse(modelId="unknown.model", messages=messages)
except ClientError as error:
    seen["unknown_model"] = error.response["Error"]["Code"]
try:
    list(runtime.converse_stream(modelId="simulator.broken", messages=messages)["stream"])
except EventStreamError as error:
    seen["exception_frame"] = error.response["Error"]["Code"]
print(json.dumps(seen))
`;

describe('boto3', { skip }, () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator({ unknownHeaders: 'ignore' });
  });
  after(() => simulator.close());

  it('signs without x-amz-content-sha256, is accepted by every service and reads every answer', async () => {
    // The second stream is the one that is meant to break.
    simulator.inject({
      kind: 'exception-frame',
      operation: 'ConverseStream',
      nth: 2,
      afterFrames: 2,
      exception: 'throttlingException',
    });
    const { stdout } = await run('python3', ['-c', PROGRAM], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        ...simulator.environment,
        AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
        AWS_DEFAULT_REGION: 'us-west-2',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      },
    });
    assert.deepEqual(JSON.parse(stdout), {
      converse: [5, 'end_turn'],
      converse_stream: true,
      converse_stream_usage: true,
      invoke_model: 9,
      invoke_stream: 9,
      count_tokens: 5,
      apply_guardrail: 'GUARDRAIL_INTERVENED',
      retrieve: 5,
      rag_stream: 'citation',
      invoke_agent: ['chunk', 'trace'],
      invoke_flow: ['flowTraceEvent', 'flowOutputEvent', 'flowCompletionEvent'],
      models: 9,
      echo: 'answered',
      unknown_model: 'ResourceNotFoundException',
      exception_frame: 'throttlingException',
    });
    assert.ok(simulator.requests().every(({ signature }) => signature === 'valid'));
    assert.ok(
      simulator.requests().every(({ rawHeaders }) => !rawHeaders.some(([name]) => /content-sha256/i.test(name))),
    );
  });
});
