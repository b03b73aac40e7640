import { partitionOf } from '../aws/partitions.ts';
import { profileRegions } from '../policy/profile-regions.ts';
import { ANYWHERE, type PriceScope } from './book-content.ts';

/** Where a figure may stand that holds for a request. */
export interface PricePlace {
  readonly scope: PriceScope;
  readonly place: string;
}

/** Geographic profiles, the narrower before the wider, so that Japan counts before Asia. */
const GEOGRAPHIES = ['us-gov', 'jp', 'au', 'ca', 'sa', 'us', 'eu', 'apac'] as const;

/** The geography of regions that no profile of today runs in, by how their names begin. */
const GEOGRAPHY_BY_NAME: readonly (readonly [string, string])[] = [
  ['us-gov-', 'us-gov'],
  ['us-', 'us'],
  ['eu-', 'eu'],
  ['ap-', 'apac'],
  ['ca-', 'ca'],
  ['sa-', 'sa'],
];

/** A figure for everywhere is one of the commercial partition: GovCloud and China have price lists of their own. */
const COMMERCIAL = 'aws';

/**
 * Where to look for the price of a request made in a region, the most exact place first.
 *
 * AWS prices a request by the region it is made in, wherever a profile has it run, and lists one price for in-region and
 * geographic routing, another for global: https://docs.aws.amazon.com/bedrock/latest/userguide/cross-region-inference.html
 * So a figure for the region holds for both, and then one for the geography, before the one for everywhere. For global
 * routing nothing else stands in: it would be too much by a tenth.
 */
export function pricePlaces(scope: PriceScope, geography: string | null, region: string): readonly PricePlace[] {
  const anywhere = partitionOf(region)?.id === COMMERCIAL;
  if (scope === 'global') {
    return [{ scope, place: region }, ...(anywhere ? [{ scope, place: ANYWHERE } as const] : [])];
  }
  const atRegion: readonly PricePlace[] =
    scope === 'geo'
      ? [
          { scope: 'geo', place: region },
          { scope: 'in-region', place: region },
        ]
      : [
          { scope: 'in-region', place: region },
          { scope: 'geo', place: region },
        ];
  const geographies = new Set([...(geography === null ? [] : [geography]), ...geographiesOf(region)]);
  return [
    ...atRegion,
    ...[...geographies].map((place) => ({ scope: 'geo', place }) as const),
    ...(anywhere ? [{ scope: 'in-region', place: ANYWHERE } as const] : []),
  ];
}

/** Every geography a region belongs to, the narrowest first. */
function geographiesOf(region: string): readonly string[] {
  const within = GEOGRAPHIES.filter((prefix) => profileRegions(prefix)?.includes(region));
  const [, byName] = GEOGRAPHY_BY_NAME.find(([start]) => region.startsWith(start)) ?? [];
  return byName === undefined ? within : [...new Set([...within, byName])];
}

/** The geographic profile that runs in these regions: an account's own profile has an id that names none. */
export function geographyOf(region: string, runsIn: readonly string[]): string | null {
  const geographies = geographiesOf(region);
  const narrowest = geographies.find((prefix) => runsIn.every((one) => profileRegions(prefix)?.includes(one)));
  return narrowest ?? geographies.at(-1) ?? null;
}
