import { BODY_BYTES_DEFAULT_MAX, bodyBytesMaxOf } from './body-bounds.ts';
import { kindOf } from './kinds.ts';
import type { Operation, OperationRow } from './operation.ts';
import type { ServiceId } from './services.ts';
import { OPERATION_ROWS } from './table.generated.ts';

/**
 * Events without which a stream was cut, by operation. Only what AWS documents as always sent stands here:
 * https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html
 */
const TERMINAL_EVENTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['bedrock-runtime:ConverseStream', ['messageStop']],
]);

const NO_EVENTS: readonly string[] = [];

/** Every modelled operation, in the order of the generated table. */
export const OPERATIONS: readonly Operation[] = OPERATION_ROWS.map(operationOf);

function operationOf([service, name, method, path, eventStream, headers, answer]: OperationRow): Operation {
  const qualifiedName = `${service}:${name}`;
  return {
    service,
    name,
    qualifiedName,
    method,
    path,
    kind: kindOf(service, name, method),
    eventStream,
    streamsBytes: answer === 'bytes',
    headers,
    modelled: true,
    bodyBytesMax: bodyBytesMaxOf(service, name),
    terminalEvents: TERMINAL_EVENTS.get(qualifiedName) ?? NO_EVENTS,
  };
}

/** Stands for an operation newer than the table: nothing is known of it but the service that has to answer. */
export function unmodelledOperation(service: ServiceId): Operation {
  return {
    service,
    name: 'Unmodelled',
    qualifiedName: `${service}:Unmodelled`,
    method: '*',
    path: '/*',
    kind: 'invoke',
    eventStream: 'unknown',
    streamsBytes: true,
    headers: [],
    modelled: false,
    bodyBytesMax: BODY_BYTES_DEFAULT_MAX,
    terminalEvents: NO_EVENTS,
  };
}
