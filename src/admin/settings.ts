import type { JsonObject, JsonValue } from '../domain/json.ts';

/** What is enforced of a key beside its grant. Stored in its `settings`, where who lets requests in reads it too. */
export interface HolderSettings {
  /** `allowed_routes`: see `domain/allowed-routes.ts`; null for all. */
  readonly allowedRoutes: readonly string[] | null;
  /** `default_region`: where requests go that name no region; null for the gateway's own. */
  readonly defaultRegion: string | null;
}

export const NO_SETTINGS: HolderSettings = { allowedRoutes: null, defaultRegion: null };

export function storedSettings({ allowedRoutes, defaultRegion }: HolderSettings): JsonObject {
  return {
    ...(allowedRoutes === null ? {} : { allowed_routes: allowedRoutes }),
    ...(defaultRegion === null ? {} : { default_region: defaultRegion }),
  };
}

/** A restriction that can't be read allows nothing. */
export function readSettings({ allowed_routes: routes, default_region: region }: JsonObject): HolderSettings {
  return {
    allowedRoutes: routes === undefined ? null : (strings(routes) ?? ['/unreadable']),
    defaultRegion: typeof region === 'string' ? region : null,
  };
}

function strings(value: JsonValue): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value.filter((entry) => typeof entry === 'string');
  return texts.length === value.length ? texts : null;
}
