import { serviceHost } from '../domain/aws/endpoints.ts';
import { SERVICES, type ServiceId } from '../domain/operations/services.ts';
import type { Target, Targets } from '../ports.ts';

export interface TargetOptions {
  /** Endpoint of all services, instead of AWS. */
  readonly endpoint: string | null;
  /** Endpoints of single services; they win over the common one. */
  readonly endpoints: Partial<Readonly<Record<ServiceId, string>>>;
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** Where each service is: the endpoint an operator set, else AWS's host for the region. Nothing of a request comes in. */
export function createTargets(options: TargetOptions): Targets {
  const known = new Map<string, Target>();
  return {
    of: (service, region) => {
      // Both come from tables, so the map is as small as they are.
      const name = `${service}/${region}`;
      const target = known.get(name) ?? makeTarget(service, region, options);
      known.set(name, target);
      return target;
    },
  };
}

function makeTarget(service: ServiceId, region: string, options: TargetOptions): Target {
  const endpoint = options.endpoints[service] ?? options.endpoint;
  if (endpoint !== null) {
    const url = new URL(endpoint);
    const basePath = url.pathname.replace(/\/+$/, '');
    return { service, region, origin: url.origin, host: url.host, basePath, custom: true };
  }
  const { hostPrefix } = SERVICES[service];
  const host = serviceHost({ hostPrefix, region, fips: options.fips, dualStack: options.dualStack });
  return { service, region, origin: `https://${host}`, host, basePath: '', custom: false };
}
