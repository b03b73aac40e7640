import type { OutputCap } from './limits/call-bounds.ts';
import type { Limit } from './limits/limit.ts';
import type { CallLogging } from './logging/call-logging.ts';
import type { Grant } from './policy/grant.ts';

/** What a caller may manage, in LiteLLM's words. */
export type Role = 'proxy_admin' | 'proxy_admin_viewer' | 'internal_user' | 'internal_user_viewer';

/** The holder of a virtual key that is neither unknown nor malformed. */
export interface KeyCaller {
  readonly kind: 'key';
  /** Public id; nothing can be done with it. */
  readonly keyId: string;
  readonly alias: string | null;
  readonly teamId: string | null;
  readonly userId: string | null;
  /** Of the key, then of its team and of its user where it has them. A request must be allowed by all. */
  readonly grants: readonly Grant[];
  readonly expiresMs: number | null;
  readonly blocked: boolean;
  readonly defaultRegion: string | null;
  /** Paths it may call, see `allowed-routes.ts`; null for all. */
  readonly allowedRoutes: readonly string[] | null;
  readonly role: Role;
  /** Of the key and of its team. */
  readonly tags: readonly string[];
  /** Of the key, its team and its user. */
  readonly limits: readonly Limit[];
  /** The most output a call may reserve; null for what the model gives. */
  readonly outputCap: OutputCap | null;
  /** Of the key and of its team. */
  readonly logging: CallLogging;
}

/**
 * Who a request comes from, once that is known. There is no default caller: whoever holds one of these has been let in
 * by `proxy/authenticate.ts`.
 */
export type Caller =
  /** Anyone who reaches the port of a gateway that has no master key. */
  | { readonly kind: 'anonymous' }
  /** The holder of the master key. */
  | { readonly kind: 'master' }
  | KeyCaller;
