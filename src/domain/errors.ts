import { FAILED_LOGINS_WINDOW_SECONDS } from './failed-logins.ts';

/**
 * Every refusal the gateway itself can answer, as one table. `docs/errors.md` is written from it.
 *
 * `exception` is the name AWS SDKs raise, `type` the one LiteLLM's clients look at. A status is chosen by what real
 * clients do with it: boto3 retries 500, 502, 503 and 504 five times, so only what certainly reached nobody may be one of them.
 */
interface RefusalRow {
  readonly status: number;
  readonly exception: string;
  readonly type: string;
  /** What a client should wait before it tries again, when trying again makes sense. */
  readonly retryAfterSeconds?: number;
  /** Whether the connection is closed after the answer because what follows on it can't be trusted. */
  readonly closesConnection?: true;
  /** For the documentation: when a user meets this. */
  readonly meaning: string;
}

export const REFUSALS = {
  unauthenticated: {
    status: 401,
    exception: 'UnrecognizedClientException',
    type: 'auth_error',
    meaning: 'No key, or one this gateway does not know. One text for all, so that nothing about keys can be learned.',
  },
  badSignature: {
    status: 403,
    exception: 'InvalidSignatureException',
    type: 'auth_error',
    meaning: 'A signature that does not fit the request, or a form of signature this gateway does not take.',
  },
  expiredKey: {
    status: 401,
    exception: 'ExpiredTokenException',
    type: 'expired_key',
    meaning: 'The key was valid and has expired. Only who proved to hold it is told.',
  },
  storeUnavailable: {
    status: 503,
    exception: 'ServiceUnavailableException',
    type: 'auth_provider_unavailable',
    retryAfterSeconds: 1,
    meaning: 'The store of keys is out of reach and this key is not in memory. It may be a good one: not 401.',
  },
  unknownAccessKey: {
    status: 403,
    exception: 'UnrecognizedClientException',
    type: 'auth_error',
    meaning: 'A SigV4 credential whose access key id is none of this gateway.',
  },
  tooManyFailedLogins: {
    status: 429,
    exception: 'ThrottlingException',
    type: 'throttling_error',
    retryAfterSeconds: FAILED_LOGINS_WINDOW_SECONDS,
    meaning: 'A wrong credential, after many others from the same address. A good one is let in from there as ever.',
  },
  accessDenied: {
    status: 403,
    exception: 'AccessDeniedException',
    type: 'key_model_access_denied',
    meaning: 'The caller may not do this: the operation, region or header is outside what is allowed.',
  },
  budgetExceeded: {
    status: 400,
    exception: 'ServiceQuotaExceededException',
    type: 'budget_exceeded',
    meaning:
      'A budget, or a quota over more than an hour, has no room for this request. No client repeats a 400; the message has the arithmetic.',
  },
  rateLimited: {
    status: 429,
    exception: 'ThrottlingException',
    type: 'throttling_error',
    meaning:
      'A limit of requests or tokens, or of requests at the same time, is used up. `retry-after` says until when.',
  },
  unbounded: {
    status: 403,
    exception: 'AccessDeniedException',
    type: 'model_cost_map_missing',
    meaning:
      'A hard limit concerns this call, and nothing bounds what it may use: a model without a price, an operation that reports no usage.',
  },
  outputOverCap: {
    status: 400,
    exception: 'ValidationException',
    type: 'bad_request_error',
    meaning: 'The request could get more output tokens than its key may: set a lower maximum.',
  },
  limitsUnavailable: {
    status: 503,
    exception: 'ServiceUnavailableException',
    type: 'service_unavailable',
    retryAfterSeconds: 1,
    meaning: 'What a hard limit has left can not be told: its counters are out of reach or being restored.',
  },
  unknownOperation: {
    status: 404,
    exception: 'UnknownOperationException',
    type: 'not_found_error',
    meaning: 'No Bedrock operation has this method and path.',
  },
  notImplemented: {
    status: 501,
    exception: 'NotImplementedException',
    type: 'not_implemented_error',
    meaning: 'A part of Bedrock this gateway does not carry yet; the message says which.',
  },
  invalidRequest: {
    status: 400,
    exception: 'ValidationException',
    type: 'bad_request_error',
    closesConnection: true,
    meaning: 'A malformed target, header or body framing. Bedrock was not contacted.',
  },
  ambiguousOperation: {
    status: 400,
    exception: 'ValidationException',
    type: 'bad_request_error',
    meaning: 'Several services share this path and nothing in the request says which is meant.',
  },
  requestLoop: {
    status: 400,
    exception: 'ValidationException',
    type: 'bad_request_error',
    meaning: 'The configured upstream endpoint leads back to this gateway.',
  },
  bodyTooLarge: {
    status: 413,
    exception: 'ValidationException',
    type: 'bad_request_error',
    closesConnection: true,
    meaning: 'The body is over what this operation may carry.',
  },
  bodyTimeout: {
    status: 400,
    exception: 'ValidationException',
    type: 'bad_request_error',
    closesConnection: true,
    meaning: 'The request body did not arrive in time. Bedrock was not contacted.',
  },
  overloaded: {
    status: 503,
    exception: 'ServiceUnavailableException',
    type: 'service_unavailable',
    retryAfterSeconds: 1,
    meaning: 'The gateway is at one of its bounds (requests, body bytes, memory, event-loop delay) or shutting down.',
  },
  spoolFull: {
    status: 503,
    exception: 'ServiceUnavailableException',
    type: 'service_unavailable',
    retryAfterSeconds: 5,
    meaning:
      'The gateway can not record what further calls would cost: its disk is full, or its database is away too long.',
  },
  noCredentials: {
    status: 503,
    exception: 'ServiceUnavailableException',
    type: 'upstream_error',
    retryAfterSeconds: 5,
    meaning: 'The gateway has no usable AWS credentials or region. "outcrop doctor" says what is missing.',
  },
  upstreamUnreachable: {
    status: 503,
    exception: 'ServiceUnavailableException',
    type: 'upstream_error',
    retryAfterSeconds: 1,
    meaning: 'No connection to Bedrock (DNS, connect, TLS). Nothing was sent, so it is safe to retry.',
  },
  upstreamTimeout: {
    status: 408,
    exception: 'ModelTimeoutException',
    type: 'upstream_error',
    meaning: 'Bedrock took the request and did not answer in time. Not 504: that is retried, and each try is billed.',
  },
  upstreamBroken: {
    status: 424,
    exception: 'ModelErrorException',
    type: 'upstream_error',
    meaning: 'Bedrock broke the connection after the request was sent. It may have been billed, so nothing retries it.',
  },
  internalError: {
    status: 500,
    exception: 'InternalServerException',
    type: 'internal_server_error',
    meaning: 'A defect of the gateway. The log has the cause under the request id.',
  },
} as const satisfies Record<string, RefusalRow>;

export type RefusalKind = keyof typeof REFUSALS;

/** A request answered by the gateway instead of Bedrock. The message goes to the client: one line, never a secret. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: RefusalKind;

  /** @param cause for the log only; it never reaches the client. */
  constructor(kind: RefusalKind, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }

  get row(): RefusalRow {
    return REFUSALS[this.kind];
  }
}
