import { CommandError } from '../command-error.ts';

/** An empty value would restrict nothing, and is mostly a variable that nobody has set. @throws CommandError */
export function given(option: string, text: string | undefined): string | undefined {
  if (text?.trim() === '') throw new CommandError(`${option} is empty: give it a value or leave it out.`);
  return text;
}

/** @throws CommandError */
export function givenList(option: string, text: string | undefined): readonly string[] | undefined {
  const entries = given(option, text)
    ?.split(',')
    .map((entry) => entry.trim());
  if (entries?.includes('') === true) throw new CommandError(`${option} has an empty entry.`);
  return entries;
}
