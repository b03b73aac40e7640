/** How the bodies of one family say how many tokens may come out. */
export interface OutputLimit {
  /** How ids of the family begin. */
  readonly ids: readonly string[];
  /** Paths into the body, of one name or two. */
  readonly paths: readonly string[];
  /** Members that ask for several answers at once. */
  readonly times: readonly string[];
}

const OPENAI_PATHS = ['max_tokens', 'max_completion_tokens'];

/**
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html: each family takes its own names only, and
 * a name that a model does not take bounds nothing.
 */
export const OUTPUT_LIMITS: readonly OutputLimit[] = [
  { ids: ['anthropic.'], paths: ['max_tokens', 'max_tokens_to_sample'], times: [] },
  { ids: ['amazon.nova'], paths: ['inferenceConfig.maxTokens', 'inferenceConfig.max_new_tokens'], times: [] },
  { ids: ['amazon.titan'], paths: ['textGenerationConfig.maxTokenCount'], times: [] },
  { ids: ['meta.'], paths: ['max_gen_len'], times: [] },
  { ids: ['mistral.'], paths: ['max_tokens'], times: [] },
  { ids: ['cohere.'], paths: ['max_tokens'], times: ['num_generations'] },
  { ids: ['ai21.j2'], paths: ['maxTokens'], times: ['numResults'] },
  { ids: ['ai21.jamba'], paths: ['max_tokens'], times: ['n'] },
  {
    ids: [
      'openai.',
      'qwen.',
      'deepseek.',
      'writer.',
      'google.',
      'minimax.',
      'moonshot.',
      'moonshotai.',
      'nvidia.',
      'zai.',
    ],
    paths: OPENAI_PATHS,
    times: ['n', 'best_of'],
  },
];

/** Where Converse takes what is meant for the model alone. */
export const ADDITIONAL_FIELDS = 'additionalModelRequestFields';

/** The members of a body that have to be read to know its limits. */
export const OUTPUT_LIMIT_MEMBERS: readonly string[] = memberNames().flatMap((name) => [
  name,
  `${ADDITIONAL_FIELDS}.${name}`,
]);

function memberNames(): string[] {
  const paths = OUTPUT_LIMITS.flatMap((limit) => [...limit.paths, ...limit.times]);
  return [...new Set(paths.map((path) => path.split('.')[0] ?? path))];
}
