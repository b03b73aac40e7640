/** A request exactly as it stood on the wire, before anything decided about it. */
export interface ArrivedRequest {
  readonly method: string;
  /** The request target, untouched: path and query. */
  readonly target: string;
  readonly rawPath: string;
  /** Without the question mark; empty when there is none. */
  readonly rawQuery: string;
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

/** All values of a header, in order of arrival. The name is given in lower case. */
export function headerValues(request: Pick<ArrivedRequest, 'rawHeaders'>, name: string): readonly string[] {
  return request.rawHeaders.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** The first value of a header; undefined when it was not sent. */
export function header(request: Pick<ArrivedRequest, 'rawHeaders'>, name: string): string | undefined {
  return headerValues(request, name)[0];
}

/** Splits a target at its first question mark. */
export function splitTarget(target: string): { readonly rawPath: string; readonly rawQuery: string } {
  const at = target.indexOf('?');
  return at === -1
    ? { rawPath: target, rawQuery: '' }
    : { rawPath: target.slice(0, at), rawQuery: target.slice(at + 1) };
}

/** The query's names and values, decoded once; of a repeated name the last counts. */
export function queryValues(rawQuery: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(rawQuery));
}
