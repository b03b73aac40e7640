import { parseArn } from '../aws/arn.ts';
import { remember } from '../remember.ts';
import { isProfilePrefix } from './profile-regions.ts';

/** What a text in the place of a model id stands for. `text` is always as the client wrote it, percent-decoded. */
export type ModelReference =
  /** A model itself. `region` is that of the ARN; null when it runs where the request goes. */
  | { readonly kind: 'foundation-model'; readonly text: string; readonly id: string; readonly region: string | null }
  /** A system-defined profile. `modelId` is null where the prefix is not one we know. */
  | {
      readonly kind: 'inference-profile';
      readonly text: string;
      readonly id: string;
      readonly prefix: string;
      readonly modelId: string | null;
      readonly region: string | null;
    }
  /** Something that stands for models only AWS can name. */
  | {
      readonly kind: 'to-resolve';
      readonly text: string;
      readonly resource: ResolvableKind;
      readonly region: string | null;
    }
  /** Not in any form Bedrock documents. */
  | { readonly kind: 'unknown'; readonly text: string };

/** Resource types that stand for models. `id`: a bare name without a provider, which may be any of them. */
export type ResolvableKind =
  | 'application-inference-profile'
  | 'provisioned-model'
  | 'imported-model'
  | 'custom-model'
  | 'custom-model-deployment'
  | 'prompt'
  | 'prompt-router'
  | 'default-prompt-router'
  | 'endpoint'
  | 'id';

const RESOLVABLE: ReadonlyMap<string, ResolvableKind> = new Map([
  ['application-inference-profile', 'application-inference-profile'],
  ['provisioned-model', 'provisioned-model'],
  ['imported-model', 'imported-model'],
  ['custom-model', 'custom-model'],
  ['custom-model-deployment', 'custom-model-deployment'],
  ['prompt', 'prompt'],
  ['prompt-router', 'prompt-router'],
  ['default-prompt-router', 'default-prompt-router'],
]);

/**
 * Companies whose models Bedrock has, so that `zai.glm-4.7` is not taken for a profile of a geography `zai`. One that
 * is missing here costs a refusal under a region restriction, nothing else.
 */
const PROVIDERS: ReadonlySet<string> = new Set([
  'ai21',
  'amazon',
  'anthropic',
  'cohere',
  'deepseek',
  'google',
  'luma',
  'meta',
  'minimax',
  'mistral',
  'moonshot',
  'moonshotai',
  'nvidia',
  'openai',
  'qwen',
  'stability',
  'twelvelabs',
  'writer',
  'zai',
]);

/** The characters of ids in the AWS models, colons of versions included. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,511}$/;

/**
 * Says what a model is named by. Total; knows only the exact forms of AWS, so that no other spelling of a name is
 * taken for the name.
 */
export const parseModelReference = remember(readModelReference, { textsMax: 1000, textLengthMax: 512 });

function readModelReference(text: string): ModelReference {
  if (!text.startsWith('arn:')) return ID.test(text) ? ofId(text, text, null) : { kind: 'unknown', text };
  const arn = parseArn(text);
  if (arn === null) return { kind: 'unknown', text };
  const slash = arn.resource.indexOf('/');
  const [type, id] = [arn.resource.slice(0, slash), arn.resource.slice(slash + 1)];
  const region = arn.region === '' ? null : arn.region;
  if (arn.service === 'sagemaker' && type === 'endpoint')
    return { kind: 'to-resolve', text, resource: 'endpoint', region };
  if (arn.service !== 'bedrock' || slash === -1) return { kind: 'unknown', text };
  const resource = RESOLVABLE.get(type);
  if (resource !== undefined) return { kind: 'to-resolve', text, resource, region };
  const named = ID.test(id) ? ofId(text, id, region) : null;
  if (type === 'foundation-model' && named?.kind === 'foundation-model') return named;
  if (type === 'inference-profile' && named?.kind === 'inference-profile') return named;
  return { kind: 'unknown', text };
}

function ofId(text: string, id: string, region: string | null): ModelReference {
  const [prefix = '', second, ...rest] = id.split('.');
  if (second === undefined) return { kind: 'to-resolve', text, resource: 'id', region };
  const isProfile = rest.length > 0 && !PROVIDERS.has(prefix);
  if (!isProfile) {
    // A known geography in front of something that has no provider is neither a model nor a profile.
    return isProfilePrefix(prefix) ? { kind: 'unknown', text } : { kind: 'foundation-model', text, id, region };
  }
  // A second prefix behind the first is no form of AWS.
  const isKnown = isProfilePrefix(prefix) && !isProfilePrefix(second);
  return {
    kind: 'inference-profile',
    text,
    id,
    prefix,
    modelId: isKnown ? id.slice(prefix.length + 1) : null,
    region,
  };
}
