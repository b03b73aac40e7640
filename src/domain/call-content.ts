/** What was asked and answered, as text for people. Bounded and redacted by who makes it; null for what is not there. */
export interface CallContent {
  readonly request: string | null;
  readonly response: string | null;
}
