/** `cacheWrite5mTokens` as metrics and attributes are spelled: `cache_write5m_tokens`. */
export function snakeCase(name: string): string {
  return name.replace(/[a-z0-9](?=[A-Z])/g, '$&_').toLowerCase();
}
