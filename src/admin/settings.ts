import type { JsonObject, JsonValue } from './ports.ts';

/** What is enforced of a holder beside its grant, as it is stored in its `settings`. */
export interface HolderSettings {
  /** See `domain/allowed-routes.ts`; null for all. */
  readonly allowedRoutes: readonly string[] | null;
  /** Where requests go that name no region; null for the gateway's own. */
  readonly defaultRegion: string | null;
}

export const NO_SETTINGS: HolderSettings = { allowedRoutes: null, defaultRegion: null };

export function storedSettings({ allowedRoutes, defaultRegion }: HolderSettings): JsonObject {
  return {
    ...(allowedRoutes === null ? {} : { allowedRoutes }),
    ...(defaultRegion === null ? {} : { defaultRegion }),
  };
}

/** A restriction that can't be read allows nothing. */
export function readSettings({ allowedRoutes, defaultRegion }: JsonObject): HolderSettings {
  return {
    allowedRoutes: allowedRoutes === undefined ? null : (strings(allowedRoutes) ?? ['/unreadable']),
    defaultRegion: typeof defaultRegion === 'string' ? defaultRegion : null,
  };
}

function strings(value: JsonValue): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value.filter((entry) => typeof entry === 'string');
  return texts.length === value.length ? texts : null;
}
