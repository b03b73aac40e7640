import assert from 'node:assert/strict';
import { standardLoggingSchema } from '../../scripts/pages/payload-schemas.ts';
import type { SinkEvent } from '../../src/domain/sink-event.ts';

/** Checks LiteLLM's payload of a call as it came over the wire: by its schema, and by what its readers look for. */
export function assertStandardPayload(payload: string, eventsById: ReadonlyMap<string, SinkEvent>): void {
  const told = standardLoggingSchema.parse(JSON.parse(payload));
  const { record, trace, content } = eventsById.get(told.id) ?? assert.fail(`no call ${told.id}`);
  const { attribution, cost } = record;
  const hasFailed = record.outcome !== 'completed' || (record.status ?? 500) >= 400;
  assert.equal(told.status, hasFailed ? 'failure' : 'success');
  assert.equal(told.model, record.modelId ?? '');
  assert.equal(told.response_cost, cost.kind === 'known' ? Number(cost.nanos) / 1e9 : null);
  assert.equal(told.startTime, record.startedAtMs / 1000);
  assert.equal(told.end_user, attribution.customerId);
  assert.equal(told.metadata.user_api_key_hash, attribution.keyId);
  assert.equal(told.metadata.user_api_key_alias, attribution.keyAlias);
  assert.equal(told.metadata.user_api_key_team_id, attribution.teamId);
  assert.deepEqual(told.metadata.spend_logs_metadata, {
    service: record.service,
    operation: record.operation,
    region: record.region,
    outcome: record.outcome,
    aws_request_id: record.awsRequestId,
    aws_error_type: trace.awsErrorType,
  });
  assert.deepEqual(
    told.hidden_params.additional_headers,
    record.awsRequestId === null ? null : { 'llm_provider-x-amzn-requestid': record.awsRequestId },
  );
  assert.deepEqual(told.request_tags, attribution.tags);
  // Content that makes a call longer than its receiver takes is left out.
  if (told.messages !== null) assert.equal(told.messages, content?.request?.toWellFormed());
}
