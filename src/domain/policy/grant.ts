/**
 * What one holder (a key, its team, its user) allows. A request must be allowed by all of them. `null` says that this
 * holder does not restrict the kind; an empty list allows nothing of it.
 */
export interface Grant {
  /** Model ids, profile ids or ARNs, with `*`; see `model-match.ts`. */
  readonly models: readonly string[] | null;
  /** `service:Operation` with `*`; null stands for the list in `default-operations.ts`. */
  readonly operations: readonly string[] | null;
  /** Ids, ARNs or `s3://` places, with `*`; see `resource-match.ts`. */
  readonly resources: readonly string[] | null;
  /** AWS regions, with `*`. */
  readonly regions: readonly string[] | null;
  /** CIDR blocks or single addresses requests may come from. */
  readonly sources: readonly string[] | null;
  /** Whether requests may act for another user, by a header or in the body. */
  readonly actFor: boolean;
}

/** Allows what the default grant of a new key allows, on every model, resource and region, from everywhere. */
export const DEFAULT_GRANT: Grant = {
  models: null,
  operations: null,
  resources: null,
  regions: null,
  sources: null,
  actFor: false,
};
