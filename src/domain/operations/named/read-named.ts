import { parseModelReference } from '../../policy/model-reference.ts';
import { parseBucket, parseResource, parseS3Uri } from '../../policy/resource-reference.ts';
import type { ResourceReference } from '../../policy/resource-reference.ts';
import type { What } from './classify.ts';
import { readPlaces } from './json-places.ts';
import type { FoundValue } from './json-places.ts';
import type { NamedThings, NamingRequest } from './named-things.ts';
import { placesOf } from './places.ts';
import type { FieldPlace, Needs } from './places.ts';
import { readField } from './request-fields.ts';

interface AnsweringModel {
  /** Body paths, of which the first that is there counts. */
  readonly places: readonly string[];
  /** Who answers where nothing stands at any of them: a model AWS chooses, or one that a resource was made with. */
  readonly otherwise: 'chosen-by-aws' | 'of-a-resource';
}

const GENERATING: AnsweringModel = {
  places: [
    'retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.modelArn',
    'retrieveAndGenerateConfiguration.externalSourcesConfiguration.modelArn',
  ],
  otherwise: 'chosen-by-aws',
};

/** Where operations name the model that answers, beside the path. What AWS chooses nobody here knows. */
const ANSWERING_MODEL: ReadonlyMap<string, AnsweringModel> = new Map([
  ['bedrock-agent-runtime:RetrieveAndGenerate', GENERATING],
  ['bedrock-agent-runtime:RetrieveAndGenerateStream', GENERATING],
  [
    'bedrock-agent-runtime:Rerank',
    chosen('rerankingConfiguration.bedrockRerankingConfiguration.modelConfiguration.modelArn'),
  ],
  ['bedrock-agent-runtime:OptimizePrompt', chosen('targetModelId')],
  ['bedrock-agent-runtime:InvokeInlineAgent', chosen('foundationModel')],
  [
    'bedrock-agent-runtime:AgenticRetrieveStream',
    chosen(
      'agenticRetrieveConfiguration.foundationModelConfiguration.bedrockFoundationModelConfiguration.modelConfiguration.modelArn',
      'agenticRetrieveConfiguration.foundationModelConfiguration.mantleFoundationModelConfiguration.modelConfiguration.modelArn',
    ),
  ],
  ['bedrock-runtime:StartAsyncInvoke', chosen('modelId')],
  ['bedrock:CreateModelInvocationJob', chosen('modelId')],
  [
    'bedrock-agentcore:InvokeHarness',
    {
      places: [
        'model.bedrockModelConfig.modelId',
        'model.openAiModelConfig.modelId',
        'model.geminiModelConfig.modelId',
        'model.liteLlmModelConfig.modelId',
      ],
      otherwise: 'of-a-resource',
    },
  ],
]);

function chosen(...places: readonly string[]): AnsweringModel {
  return { places, otherwise: 'chosen-by-aws' };
}

/**
 * Says which models, resources and users a request names, wherever they stand in it. What is not needed is not looked for, and
 * is empty. Total; takes time linear in the request.
 */
export function readNamed(request: NamingRequest, needs: Needs): NamedThings {
  const { operation } = request;
  if (!operation.modelled) return undecidable('nothing is known about what this operation names');
  const places = placesOf(operation.qualifiedName, needs);
  const inFields = fieldValues(places.fields, request);
  if (inFields === null)
    return undecidable('a path label, header or query parameter that names something can be read in two ways');

  const isBodyRead = places.body !== null && request.body.length > 0;
  const inBody = isBodyRead && places.body !== null ? readPlaces(request.body, places.body) : [];
  if (inBody === null) return undecidable('the body can not be read in exactly one way');

  const found = [...inFields, ...inBody];
  const answering = ANSWERING_MODEL.get(operation.qualifiedName);
  const answers = answering === undefined ? undefined : firstAt(answering.places, inBody);
  const isChosenByAws = answering?.otherwise === 'chosen-by-aws' && answers === undefined;
  return {
    models:
      needs.models && isChosenByAws
        ? { kind: 'undecidable', why: 'the request does not say which model answers' }
        : {
            kind: 'known',
            things: found.filter(({ what }) => what === 'model').map(({ value }) => parseModelReference(value)),
          },
    answering: answers === undefined ? null : parseModelReference(answers.value),
    resources: {
      kind: 'known',
      things: found
        .filter(({ what }) => what !== 'model' && what !== 'actor')
        .map(({ what, value }) => resourceOf(what, value)),
    },
    actors: { kind: 'known', things: found.filter(({ what }) => what === 'actor').map(({ value }) => value) },
  };
}

function fieldValues(places: readonly FieldPlace[], request: NamingRequest): FoundValue[] | null {
  const found: FoundValue[] = [];
  for (const place of places) {
    const field = readField(place, request);
    if (field.kind === 'ambiguous') return null;
    if (field.kind === 'absent') continue;
    if (place.what === 'undecidable') return null;
    found.push({ what: place.what, path: place.name, value: field.value });
  }
  return found;
}

function firstAt(places: readonly string[], found: readonly FoundValue[]): FoundValue | undefined {
  for (const place of places) {
    const there = found.find(({ path }) => path === place);
    if (there !== undefined) return there;
  }
  return undefined;
}

function resourceOf(what: What, value: string): ResourceReference {
  if (what === 's3') return value.startsWith('arn:') ? parseResource('', value) : parseS3Uri(value);
  return what === 'bucket' && !value.startsWith('arn:') ? parseBucket(value) : parseResource(what, value);
}

function undecidable(why: string): NamedThings {
  const named = { kind: 'undecidable', why } as const;
  return { models: named, answering: null, resources: named, actors: named };
}
