/** The header fields of one request in the order they came, names in lower case, nothing joined and nothing dropped. */
export class HeaderList {
  readonly names: readonly string[];
  readonly values: readonly string[];

  private constructor(names: readonly string[], values: readonly string[]) {
    this.names = names;
    this.values = values;
  }

  /**
   * @param raw alternating names and values, as they stood on the wire or as node:http2 gives them; HTTP/2 pseudo-headers
   *   are left out.
   */
  static fromRaw(raw: readonly string[]): HeaderList {
    const names: string[] = [];
    const values: string[] = [];
    for (let index = 0; index + 1 < raw.length; index += 2) {
      const name = raw[index];
      const value = raw[index + 1];
      if (name === undefined || value === undefined || name.startsWith(':')) continue;
      names.push(name.toLowerCase());
      values.push(value);
    }
    return new HeaderList(names, values);
  }

  /** The first value of a field. @param name in lower case. */
  get(name: string): string | undefined {
    const index = this.names.indexOf(name);
    return index === -1 ? undefined : this.values[index];
  }

  /** How often a field is there. @param name in lower case. */
  count(name: string): number {
    let count = 0;
    for (const candidate of this.names) if (candidate === name) count += 1;
    return count;
  }
}

/**
 * Fields that belong to one connection and are never passed on.
 * RFC 9110 section 7.6.1, and the older list of RFC 2616 section 13.5.1.
 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields any operation may carry to AWS, beside those its model names. */
const ALWAYS_OUTBOUND = new Set(['content-type', 'accept', 'traceparent', 'tracestate', 'baggage', 'user-agent']);

/** AWS adds `x-amzn-bedrock-*` headers faster than anyone releases gateways. */
const OUTBOUND_PREFIXES = ['x-amzn-bedrock-', 'anthropic-', 'mcp-'];

/** Headers by which a caller acts for somebody else. They travel only with a grant. */
export const IDENTITY_HEADERS: ReadonlySet<string> = new Set([
  'x-amzn-bedrock-agentcore-runtime-user-id',
  'x-amzn-bedrock-agentcore-payments-user-id',
]);

/** Whether a client's header may travel to AWS. @param modelled the lower-case input headers of the operation. */
export function travelsOutbound(name: string, modelled: readonly string[]): boolean {
  if (ALWAYS_OUTBOUND.has(name) || modelled.includes(name)) return true;
  return OUTBOUND_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * Whether a value may be passed on: visible ASCII, space and tab. HTTP lets bytes above 0x7f through, and their
 * canonical form under a signature is not defined.
 */
export function isPlainHeaderValue(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code > 0x7e) return false;
  }
  return true;
}

/**
 * Bedrock's answer headers as the client gets them: all but hop-by-hop fields and those that `Connection` names.
 * @param raw alternating names and values. @param dropContentLength for streams whose end must be breakable.
 */
export function inboundHeaders(raw: readonly string[], dropContentLength: boolean): string[] {
  const named = namedByConnection(raw);
  const passed: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index];
    const value = raw[index + 1];
    if (name === undefined || value === undefined) continue;
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named?.has(lower) === true) continue;
    if (dropContentLength && lower === 'content-length') continue;
    passed.push(name, value);
  }
  return passed;
}

/** The value of a field in a raw list. @param name in lower case. */
export function rawHeader(raw: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const candidate = raw[index];
    if (candidate?.length === name.length && candidate.toLowerCase() === name) return raw[index + 1];
  }
  return undefined;
}

function namedByConnection(raw: readonly string[]): Set<string> | undefined {
  const connection = rawHeader(raw, 'connection');
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const named = new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
  // A hop must not be able to take the framing or the meaning of the answer away.
  named.delete('content-length');
  named.delete('content-type');
  return named;
}
