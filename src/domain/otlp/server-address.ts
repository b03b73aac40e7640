/** Attributes of the semantic conventions for where a request went. */
export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

const ORIGIN = /^(https?):\/\/(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/;

/** @param origin scheme, host and port, as WHATWG's URL has it. @returns null for anything else */
export function serverAddress(origin: string): ServerAddress | null {
  const [, scheme, ipv6, name, port] = ORIGIN.exec(origin) ?? [];
  const address = ipv6 ?? name;
  if (address === undefined) return null;
  return { address, port: port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port) };
}
