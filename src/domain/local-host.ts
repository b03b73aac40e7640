const LOOPBACK_V4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/**
 * Whether a Host header names this machine without any name server being asked: `localhost`, a literal loopback address,
 * or the unspecified address, which clients on this machine use (`http://0.0.0.0:4000`) and which no DNS answer can hide behind.
 */
export function isLocalHost(host: string): boolean {
  const name = withoutPort(host).toLowerCase();
  return name === 'localhost' || name === '[::1]' || name === '0.0.0.0' || name === '[::]' || LOOPBACK_V4.test(name);
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '');
}

/** Whether an address, without port or brackets, can be reached from this machine only. */
export function isLoopbackAddress(address: string): boolean {
  return address === 'localhost' || address === '::1' || LOOPBACK_V4.test(address);
}
