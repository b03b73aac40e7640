import type { AwsCredentials } from '../../domain/aws/sigv4/sign.ts';
import type { Clock } from '../../ports.ts';

/** Asks a credential chain anew. */
export type AwsCredentialSource = () => Promise<AwsCredentials & { readonly expiration?: Date | undefined }>;

/** Credentials are asked for anew this long before they expire, as the AWS SDKs do. */
const AHEAD_MS = 5 * 60_000;

/** Those without an expiration may have been changed in a file: asking again now and then costs next to nothing. */
const KEPT_MS = 5 * 60_000;

/** Keeps what a source gives while it is good, and has those who ask at the same time share one answer. */
export function createAwsCredentials(load: AwsCredentialSource, clock: Clock): () => Promise<AwsCredentials> {
  let kept: Promise<AwsCredentials> | null = null;
  let untilMs = 0;
  return () => {
    if (kept !== null && clock.nowMs() < untilMs) return kept;
    untilMs = Infinity;
    kept = load().then(
      (credentials) => {
        const { expiration } = credentials;
        const goodMs = expiration === undefined ? KEPT_MS : expiration.getTime() - AHEAD_MS - clock.nowMs();
        untilMs = clock.nowMs() + Math.max(0, goodMs);
        return credentials;
      },
      (error: unknown) => {
        kept = null;
        throw error;
      },
    );
    return kept;
  };
}
