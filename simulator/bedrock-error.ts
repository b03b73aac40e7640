/** An error as Bedrock answers it: thrown anywhere while a request is judged, rendered in one place. */
export class BedrockError extends Error {
  readonly status: number;
  /** The name AWS SDKs raise, such as `ValidationException`. */
  readonly exception: string;

  constructor(status: number, exception: string, message: string) {
    super(message);
    this.name = 'BedrockError';
    this.status = status;
    this.exception = exception;
  }
}

/** A request that Bedrock finds malformed: 400 `ValidationException`. */
export function invalid(message: string): BedrockError {
  return new BedrockError(400, 'ValidationException', message);
}

/** No operation has this method and path: 404 `UnknownOperationException`. */
export function unknownOperation(): BedrockError {
  return new BedrockError(404, 'UnknownOperationException', 'The service has no operation with this method and path.');
}
