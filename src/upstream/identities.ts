import { accountOfAccessKeyId } from '../domain/aws/access-key-account.ts';
import type { AwsCredentials } from '../domain/aws/sigv4/sign.ts';
import { Refusal } from '../domain/errors.ts';
import { looksVirtual } from '../domain/virtual-key.ts';
import { SERVICES, type ServiceId } from '../domain/operations/services.ts';
import type { AwsIdentities, AwsIdentity, Clock, Log } from '../ports.ts';

/** Credentials as a source gives them; those without an expiration hold until the process ends. */
export interface LoadedCredentials extends AwsCredentials {
  readonly expiration?: Date | undefined;
  /** Twelve digits, where the source tells. */
  readonly accountId?: string | undefined;
}

export interface IdentityOptions {
  /** A Bedrock API key of AWS, for the services that take one. */
  readonly bearerToken: string | null;
  /** Asks the credential chain anew. */
  readonly load: () => Promise<LoadedCredentials>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Credentials are fetched anew this long before they expire, as the AWS SDKs do. */
const REFRESH_AHEAD_MS = 5 * 60_000;
/** After a failure the chain is left alone for this long: with nothing configured it waits a second for a metadata service. */
const RETRY_AFTER_MS = 5000;
/** setTimeout takes no more; a refresh that is early is harmless. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * The gateway's own identity at AWS. Requests find it in memory; fetching and refreshing happen beside them, ahead of
 * expiry, and only a request that comes while there is nothing yet waits.
 */
export class GatewayIdentities implements AwsIdentities {
  readonly #options: IdentityOptions;
  readonly #bearer: AwsIdentity | null;
  #current: { readonly identity: AwsIdentity; readonly expiresMs: number; readonly accountId: string | null } | null =
    null;
  #loading: Promise<AwsIdentity> | null = null;
  #failedMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: IdentityOptions) {
    this.#options = options;
    this.#bearer = options.bearerToken === null ? null : { kind: 'bearer', token: options.bearerToken };
  }

  forService(service: ServiceId): AwsIdentity | Promise<AwsIdentity> {
    if (this.#bearer !== null && SERVICES[service].takesBearer) return this.#bearer;
    const current = this.#current;
    if (current !== null && this.#options.clock.nowMs() < current.expiresMs) return current.identity;
    if (this.#options.clock.elapsedMs() - this.#failedMs < RETRY_AFTER_MS) throw noCredentials();
    return this.refresh();
  }

  /** Nothing says whose a Bedrock API key is. */
  accountOf(service: ServiceId): string | null {
    if (this.#bearer !== null && SERVICES[service].takesBearer) return null;
    return this.#current?.accountId ?? null;
  }

  /** Fetches credentials now; concurrent callers share one fetch. @throws Refusal noCredentials */
  refresh(): Promise<AwsIdentity> {
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #load(): Promise<AwsIdentity> {
    const { clock, log } = this.#options;
    try {
      const { expiration, accessKeyId, secretAccessKey, sessionToken, accountId } = await this.#options.load();
      if (looksVirtual(accessKeyId)) throw new Error('The credentials found are those of a gateway, not of AWS.');
      const identity: AwsIdentity = {
        kind: 'credentials',
        credentials: { accessKeyId, secretAccessKey, sessionToken },
      };
      this.#current = {
        identity,
        expiresMs: expiration?.getTime() ?? Number.POSITIVE_INFINITY,
        accountId: accountId ?? accountOfAccessKeyId(accessKeyId),
      };
      this.#failedMs = Number.NEGATIVE_INFINITY;
      if (expiration !== undefined) this.#refreshIn(expiration.getTime() - clock.nowMs() - REFRESH_AHEAD_MS);
      return identity;
    } catch (cause) {
      const hadCredentials = this.#current !== null;
      if (this.#failedMs === Number.NEGATIVE_INFINITY) {
        log.warn(
          { err: cause },
          hadCredentials ? 'refreshing AWS credentials failed; trying again' : 'no AWS credentials found',
        );
      }
      this.#failedMs = clock.elapsedMs();
      if (hadCredentials) this.#refreshIn(RETRY_AFTER_MS);
      throw noCredentials(cause);
    }
  }

  #refreshIn(delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const boundedMs = Math.min(Math.max(delayMs, RETRY_AFTER_MS), TIMER_MS_MAX);
    // A failure has been logged and leaves the old credentials in place.
    this.#timer = setTimeout(() => void this.refresh().catch(() => undefined), boundedMs);
    this.#timer.unref();
  }
}

function noCredentials(cause?: unknown): Refusal {
  return new Refusal(
    'noCredentials',
    'The gateway has no AWS credentials. Its operator: run "outcrop doctor", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    cause,
  );
}
