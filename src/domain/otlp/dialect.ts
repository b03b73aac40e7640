/** What receivers of spans want to be called by a name of their own, beside that of the semantic conventions. */
export type DialectField =
  | 'model'
  | 'inputTokens'
  | 'outputTokens'
  | 'totalTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  /** As a number of dollars. */
  | 'costUsd'
  | 'user'
  | 'session'
  | 'tags'
  /** What was asked and answered, as it is logged: instead of the messages of the semantic conventions. */
  | 'request'
  | 'response';

/** How a receiver differs from the semantic conventions. */
export interface SpanDialect {
  readonly names: Readonly<Partial<Record<DialectField, string>>>;
  /** On each span. */
  readonly fixed: Readonly<Record<string, string>>;
}

/** Nothing but the semantic conventions. */
export const SEMANTIC_CONVENTIONS: SpanDialect = { names: {}, fixed: {} };
