/**
 * Where one kind of data goes, by the address of the receiver: its path and `v1/traces` or `v1/metrics`, which may also be
 * given whole, as LiteLLM takes it.
 */
export function signalUrl(endpoint: URL, signal: 'traces' | 'metrics'): URL {
  const base = endpoint.pathname.replace(/\/(?:v1(?:\/(?:traces|metrics))?)?$/, '');
  const url = new URL(endpoint);
  url.pathname = `${base}/v1/${signal}`;
  return url;
}
