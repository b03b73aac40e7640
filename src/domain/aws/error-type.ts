/** AWS's longest is some 50 characters. */
const LENGTH_MAX = 100;

const NAME = /^[A-Za-z0-9.]+$/;

/** What an error is called that AWS gives no name to, by its SDKs. */
export const UNKNOWN_ERROR = 'UnknownError';

/**
 * The name of an error out of what AWS says it is, such as `ThrottlingException:http://internal.amazon.com/…` in
 * `x-amzn-errortype`, or with a namespace and `#` in front of it.
 * https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
 * @returns null for what is no name: nobody else's words go any further
 */
export function errorTypeOf(said: string | undefined): string | null {
  if (said === undefined) return null;
  const [qualified = ''] = said.split(':', 1);
  const name = qualified.slice(qualified.indexOf('#') + 1).trim();
  return name.length <= LENGTH_MAX && NAME.test(name) ? name : null;
}
