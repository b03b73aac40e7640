import type { Finding, Patient } from './finding.ts';

export function checkRegion({ config: { settings, sources } }: Patient): Promise<readonly Finding[]> {
  if (settings.region === null) {
    return Promise.resolve([
      {
        about: 'AWS region',
        state: 'fails',
        found: 'none: requests that do not name a region are answered 503',
        mend: 'Set AWS_REGION, for example to us-east-1.',
      },
    ]);
  }
  const others = settings.allowedRegions.filter((region) => region !== settings.region);
  const also = others.length === 0 ? '' : `; also allowed: ${others.join(', ')}`;
  const found = `${settings.region} (from ${sources.get('region') ?? 'default'})${also}`;
  return Promise.resolve([{ about: 'AWS region', state: 'ok', found }]);
}
