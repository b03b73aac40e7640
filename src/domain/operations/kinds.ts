import type { OperationKind } from './operation.ts';
import type { ServiceId } from './services.ts';
import { SERVICES } from './services.ts';

/**
 * Operations called Get… that hand out tokens and keys of other systems. They change nothing, but who may only read
 * must not have them.
 */
const HANDS_OUT_SECRETS = /^Get(Resource(ApiKey|Oauth2Token|PaymentToken)|WorkloadAccessToken)/;

/** Verbs of data-plane calls that make a model, agent, retrieval, tool or payment do work. */
const INVOKES =
  /^(Invoke|Converse|CountTokens|ApplyGuardrail|StartAsyncInvoke|StartFlowExecution|StartBrowserSession|StartCodeInterpreterSession|Retrieve|AgenticRetrieve|Rerank|GenerateQuery|OptimizePrompt|Evaluate|StartBatchEvaluation|StartRecommendation|StartMemoryExtractionJob|SearchRegistryRecords|ProcessPayment|CompleteResourceTokenAuth)/;

/** What an operation does, told by its name as AWS names them; the service decides where a verb is used by both planes. */
export function kindOf(service: ServiceId, name: string, method: string): OperationKind {
  if (HANDS_OUT_SECRETS.test(name)) return 'invoke';
  if (method === 'GET' || /^(Get|List|Check)/.test(name)) return 'read';
  return SERVICES[service].plane === 'data' && INVOKES.test(name) ? 'invoke' : 'write';
}
