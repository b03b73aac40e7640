import type { HeaderList } from '../../headers.ts';
import type { ModelReference } from '../../policy/model-reference.ts';
import type { ResourceReference } from '../../policy/resource-reference.ts';
import type { Operation } from '../operation.ts';

/** A request as far as it can name things. */
export interface NamingRequest {
  readonly operation: Operation;
  /** Raw path labels by the names of the AWS model. */
  readonly labels: Readonly<Record<string, string>>;
  /** Raw query, without `?`. */
  readonly query: string;
  readonly headers: HeaderList;
  /** The whole body. */
  readonly body: Uint8Array;
}

/** Everything of a kind that a request names, or why nobody can say what that is. */
export type Named<Thing> =
  | { readonly kind: 'known'; readonly things: readonly Thing[] }
  | { readonly kind: 'undecidable'; readonly why: string };

export interface NamedThings {
  readonly models: Named<ModelReference>;
  /** The one of the models that the answer is of; null where the request does not say it, as it stands for an agent's. */
  readonly answering: ModelReference | null;
  /** S3 places are among them. */
  readonly resources: Named<ResourceReference>;
  /** Users on whose behalf the request acts. */
  readonly actors: Named<string>;
}
