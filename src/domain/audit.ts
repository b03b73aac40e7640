import type { JsonObject } from './json.ts';

/** Who changes something, by what action and from where: what the audit says beside the objects themselves. */
export interface Origin {
  /** `master`, a key id, `system`. */
  readonly actor: string;
  /** Such as `key.generate`. */
  readonly action: string;
  readonly sourceAddress: string | null;
  /** In whose name, as the actor says (LiteLLM's header `litellm-changed-by`); null for its own. */
  readonly onBehalfOf: string | null;
}

/** One change that was made. */
export interface AuditEntry extends Origin {
  /** Grows with time. */
  readonly id: number;
  readonly atMs: number;
  readonly objectKind: string;
  readonly objectId: string;
  /** Null for what was new. */
  readonly before: JsonObject | null;
  /** Null for what is gone. */
  readonly after: JsonObject | null;
}
