/**
 * Who a request comes from, once that is known. There is no default caller: whoever holds one of these has been let in
 * by `proxy/authenticate.ts`.
 */
export type Caller =
  /** Anyone who reaches the port of a gateway that has no master key. */
  | { readonly kind: 'anonymous' }
  /** The holder of the master key. */
  | { readonly kind: 'master' };
