/** Secrets by the name that a failing test tells instead of them. */
export type Secrets = Readonly<Record<string, string>>;

/** A place where no secret may be, and what stands there. */
export interface Haystack {
  readonly place: string;
  readonly bytes: Buffer;
  /** Names of secrets that belong there: a sink shows its receiver its own key. */
  readonly allowed?: readonly string[];
}

/** @returns `secret in place` for each that is found, in whatever form */
export function findSecrets(secrets: Secrets, haystacks: readonly Haystack[]): readonly string[] {
  const wanted = Object.entries(secrets).map(([name, secret]) => ({ name, forms: formsOf(secret) }));
  return haystacks.flatMap(({ place, bytes, allowed = [] }) => {
    // As many characters as there are bytes, whatever they are.
    const text = bytes.toString('latin1');
    return wanted
      .filter(({ name, forms }) => !allowed.includes(name) && forms.some((form) => text.includes(form)))
      .map(({ name }) => `${name} in ${place}`);
  });
}

/** As it is, and as hex, base64 and a URL have it. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const url = encodeURIComponent(secret);
  const inBase64 = [0, 1, 2].map((offset) => base64Within(bytes, offset));
  const inBase64Url = inBase64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  const lowerUrl = url.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
  return [...new Set([bytes.toString('latin1'), hex, hex.toUpperCase(), url, lowerUrl, ...inBase64, ...inBase64Url])];
}

/** The characters that stand for the bytes alone, where so many others (modulo 3) come before them. */
function base64Within(bytes: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]);
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor((whole.length * 8) / 6);
  return whole.toString('base64').slice(first, end);
}
