import { CommandError } from '../command-error.ts';
import { given, givenList } from './given.ts';

/** What sinks get of the calls of a key, as it is typed. */
export interface LoggingOptions {
  readonly sinks?: string;
  readonly disabledSinks?: string;
  readonly recordContent?: string;
  readonly contentSampleRate?: string;
  readonly redactFields?: string;
  /** Each by itself: commas are part of many. */
  readonly redactPatterns?: readonly string[];
}

const NO_SINK = 'none';

/** The fields of the API. @throws CommandError */
export function loggingFields(options: LoggingOptions): object {
  const sinks = givenList('--sinks', options.sinks);
  return {
    sinks: sinks?.length === 1 && sinks[0] === NO_SINK ? [] : sinks,
    disabled_sinks: givenList('--disabled-sinks', options.disabledSinks),
    record_content: trueOrFalse('--record-content', options.recordContent),
    content_sample_rate: share('--content-sample-rate', options.contentSampleRate),
    redact_fields: givenList('--redact-fields', options.redactFields),
    redact_patterns: options.redactPatterns?.map((pattern) => given('--redact-patterns', pattern)),
  };
}

function trueOrFalse(option: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw new CommandError(`${option} is neither true nor false.`);
  return text === 'true';
}

function share(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= 0 && value <= 1)) throw new CommandError(`${option} is no number from 0 to 1.`);
  return value;
}
