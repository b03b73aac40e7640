import { Refusal } from '../domain/errors.ts';
import type { UpstreamFailure } from '../ports.ts';

/** What the client of an answer that has begun is told when it can't be completed. */
export const CUT_MESSAGE: Readonly<Record<UpstreamFailure['kind'], string>> = {
  unreachable: 'The connection to Bedrock failed.',
  timeout: 'Bedrock sent nothing more in the time allowed.',
  broken: 'Bedrock broke off in the middle of the answer.',
};

/** What the client is told that has got no byte of an answer. */
export function refusalOf({ kind, cause }: UpstreamFailure): Refusal {
  switch (kind) {
    case 'unreachable':
      return new Refusal('upstreamUnreachable', 'Bedrock could not be reached; nothing was sent. Try again.', cause);
    case 'timeout':
      return new Refusal(
        'upstreamTimeout',
        'Bedrock did not answer in the time allowed; the request may have been billed.',
        cause,
      );
    case 'broken':
      return new Refusal(
        'upstreamBroken',
        'Bedrock broke the connection before it answered; the request may have been billed.',
        cause,
      );
  }
}
