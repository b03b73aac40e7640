/** Names under which AWS's price lists have models whose id is spelled otherwise: from key to key. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['commandlight', 'commandlighttextv14'],
  ['command', 'commandtextv14'],
  ['embed3english', 'embedenglishv3'],
  ['embed3multilingual', 'embedmultilingualv3'],
  ['embed4', 'embedv4'],
  ['magistralsmall12', 'magistralsmall2509'],
  ['ministral3b3', 'ministral33b'],
  ['ministral8b3', 'ministral38b'],
  ['ministral14b3', 'ministral314b'],
  ['nemotronnano2', 'nemotronnano9bv2'],
  ['nemotronnano2vl', 'nemotronnano12bv2'],
  ['nova2pro', 'nova2propreview'],
  ['novamultimodalembeddings', 'nova2multimodalembeddings'],
  ['novasonic2', 'nova2sonic'],
  ['rerank1', 'rerank'],
  ['rerank35', 'rerankv35'],
  ['titanembeddingsg1image', 'titanembedimage'],
  ['titanembeddingsg1text', 'titanembedtext'],
  ['titanembeddingv2text', 'titanembedtextv2'],
  ['titanimagegeneratorg1', 'titanimagegenerator'],
  ['titanimagegeneratorg1v2', 'titanimagegeneratorv2'],
  ['titantextg1express', 'titantextexpress'],
  ['titantextg1lite', 'titantextlite'],
  ['titantextg1premier', 'titantextpremier'],
  ['v31', 'v3'],
  ['voxtralmini1', 'voxtralmini3b2507'],
  ['voxtralsmall1', 'voxtralsmall24b2507'],
]);

/** Companies that AWS writes before some of their models' names, but not into the name part of the id. */
const COMPANY = /^(?:amazon|cohere|deepseek|google|meta|nvidia|writer)[ -]+/;

const CLAUDE_FAMILY = /(?:opus|sonnet|haiku|instant|fable|mythos)/;

/**
 * What an id and a name of the same model have in common. Of an id without its profile prefix: company, date and version
 * 0 or 1 say nothing about the price; a later version does.
 */
export function modelKeyOfId(id: string): string {
  const name = id
    .toLowerCase()
    .slice(id.indexOf('.') + 1)
    .replace(/@.*$/, '')
    .replace(/:\d+k$/, '')
    // `gpt-oss-120b-1:0` is a build; the end of `claude-opus-4-1` is a version.
    .replace(/(?:-1)?:\d+$/, '')
    .replace(/-(?:20\d{6}|20\d\d-\d\d-\d\d)(?=$|-v\d+$)/, '')
    .replace(/-v[01]$/, '')
    .replace(/-(?:instruct|chat|it)(?=$|-v\d+$)/, '');
  return keyOf(name);
}

/** The same of a name in a price list: `Claude 3.5 Sonnet v2`, `Nova 2.0 Lite`, `NovaCanvas`, `Mistral Large (24.02)`. */
export function modelKeyOfName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/\((\d+\.\d+)\)/g, '$1')
    .replace(/\([^)]*\)/g, '')
    .trim()
    .replace(COMPANY, '')
    .replace(/(\d)\.0(?!\d)/g, '$1')
    .replace(/[ -](?:instruct|chat|it)$/, '')
    .replace(/\+/g, 'plus');
  const key = keyOf(plain);
  return ALIASES.get(key) ?? key;
}

function keyOf(text: string): string {
  const key = text.replace(/[^a-z0-9]/g, '');
  if (!key.startsWith('claude')) return key;
  // The order of family and version has changed over the years: `claude-3-5-haiku`, `claude-haiku-4-5`.
  const [family = ''] = CLAUDE_FAMILY.exec(key) ?? [];
  return `claude${family}${key.slice('claude'.length).replace(family, '')}`;
}
