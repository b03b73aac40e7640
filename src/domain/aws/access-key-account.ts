const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Long-lived and temporary keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
const ACCESS_KEY_ID = /^(?:AKIA|ASIA)([A-Z2-7]{16})$/;

/** Ids made since 2019 begin with a set bit; before, they said nothing of their account. */
const TELLS_ACCOUNT = 1n << 79n;
/** The account is the 40 bits behind that bit; of the last 39 nothing is known. */
const BITS_BEHIND = 39n;
const ACCOUNT_BITS = 40n;
const ACCOUNT_MAX = 999_999_999_999n;

/**
 * The AWS account an access key id belongs to, twelve digits; null where the id does not tell. No secret: AWS tells it
 * anybody who asks `sts:GetAccessKeyInfo`. The form is not documented but was found independently and holds
 * (https://awsteele.com/blog/2020/09/26/aws-access-key-format.html,
 * https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489), so it serves only where nothing else tells.
 */
export function accountOfAccessKeyId(accessKeyId: string): string | null {
  const [, encoded] = ACCESS_KEY_ID.exec(accessKeyId) ?? [];
  if (encoded === undefined) return null;
  let bits = 0n;
  for (const character of encoded) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
  if ((bits & TELLS_ACCOUNT) === 0n) return null;
  const account = (bits >> BITS_BEHIND) & ((1n << ACCOUNT_BITS) - 1n);
  return account === 0n || account > ACCOUNT_MAX ? null : account.toString().padStart(12, '0');
}
