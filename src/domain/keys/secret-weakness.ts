const LENGTH_MIN = 16;
const DISTINCT_CHARACTERS_MIN = 8;

/** Stand-ins that people copy from documentation; LiteLLM's pages use the first everywhere. */
const STAND_INS = ['sk-1234', 'changeme', 'change-me', 'password', 'example', 'your-'];

/** Of one case: among secrets drawn at random both cases together come now and then. */
const BLANKS = /xxxx|XXXX/;

/**
 * Why a secret could be guessed, or null: what is needed is one drawn at random, such as `openssl rand -hex 32` gives.
 * The reason names no part of the secret.
 */
export function secretWeakness(secret: string): string | null {
  const isExample = BLANKS.test(secret) || STAND_INS.some((standIn) => secret.toLowerCase().includes(standIn));
  if (isExample) return 'it is an example from documentation';
  if (secret.length < LENGTH_MIN) return `it is shorter than ${LENGTH_MIN} characters`;
  if (new Set(secret).size < DISTINCT_CHARACTERS_MIN)
    return `it has fewer than ${DISTINCT_CHARACTERS_MIN} different characters`;
  if (runs(secret)) return 'it is mostly runs of neighbouring characters';
  return null;
}

/** Whether most characters repeat the one before or follow it in the alphabet, as in `abcdefgh12345678`. */
function runs(secret: string): boolean {
  let steps = 0;
  for (let index = 1; index < secret.length; index += 1) {
    if (Math.abs(secret.charCodeAt(index) - secret.charCodeAt(index - 1)) <= 1) steps += 1;
  }
  return steps > secret.length / 2;
}
