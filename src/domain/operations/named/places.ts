import { addPlace, newPlaces } from './json-places.ts';
import type { JsonPlaces } from './json-places.ts';
import { readPlace } from './place.ts';
import type { Place } from './place.ts';
import { NAMED_ROWS } from './table.generated.ts';

/** What has to be known of a request for somebody's policy to be decided. */
export interface Needs {
  readonly models: boolean;
  readonly resources: boolean;
  readonly actors: boolean;
}

export type FieldPlace = Extract<Place, { in: 'label' | 'header' | 'query' }>;

/** Where one operation names what is needed. */
export interface Places {
  readonly fields: readonly FieldPlace[];
  /** Null where the body says nothing that is needed, and is not read. */
  readonly body: JsonPlaces | null;
}

interface NamingOperation {
  readonly places: readonly Place[];
  /** For each of the eight kinds of need that has come. */
  readonly compiled: (Places | undefined)[];
}

const NAMING_OPERATIONS: ReadonlyMap<string, NamingOperation> = new Map(
  NAMED_ROWS.map(([operation, places]) => [operation, { places: places.map(readPlace), compiled: [] }]),
);
const NOWHERE: Places = { fields: [], body: null };

/** @param operation `service:Name`. */
export function placesOf(operation: string, needs: Needs): Places {
  const naming = NAMING_OPERATIONS.get(operation);
  if (naming === undefined) return NOWHERE;
  const kind = (needs.models ? 1 : 0) + (needs.resources ? 2 : 0) + (needs.actors ? 4 : 0);
  return (naming.compiled[kind] ??= compile(naming.places, needs));
}

function compile(places: readonly Place[], needs: Needs): Places {
  const fields: FieldPlace[] = [];
  const body = newPlaces();
  let inBody = 0;
  for (const place of places) {
    if (!isNeeded(place, needs)) continue;
    if (place.in !== 'body') fields.push(place);
    else {
      addPlace(body, place.path, place.what);
      inBody++;
    }
  }
  return { fields, body: inBody > 0 ? body : null };
}

function isNeeded({ what }: Place, needs: Needs): boolean {
  if (what === 'undecidable') return needs.models || needs.resources;
  if (what === 'actor') return needs.actors;
  return what === 'model' ? needs.models : needs.resources;
}
