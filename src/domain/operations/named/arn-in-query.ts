import { parseArn } from '../../aws/arn.ts';
import type { Arn } from '../../aws/arn.ts';
import type { Operation } from '../operation.ts';
import { placesOf } from './places.ts';
import { readParameter } from './request-fields.ts';

/** Models in a query are what lists are filtered by. */
const RESOURCES = { models: false, resources: true, actors: false } as const;

/**
 * The ARN of what an operation is about where that stands in the query, as with InvokeHarness; null where none does, or
 * where it can be read in two ways, which is for the policy to refuse. Never throws.
 * @param query raw, without `?`.
 */
export function arnInQuery({ qualifiedName }: Operation, query: string): Arn | null {
  if (query === '') return null;
  for (const place of placesOf(qualifiedName, RESOURCES).fields) {
    if (place.in !== 'query') continue;
    const field = readParameter(query, place.name);
    const arn = field.kind === 'found' ? parseArn(field.value) : null;
    if (arn !== null) return arn;
  }
  return null;
}
