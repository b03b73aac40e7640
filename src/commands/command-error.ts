/** Why a command can't do what it was told: one line for who typed it, without a stack and without a secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
