import type { RequestTarget } from '../request-target.ts';
import { isServiceId } from './services.ts';
import type { ServiceId } from './services.ts';

/** Where under the gateway's own paths a request came in. */
export interface Mount {
  /** The service the mount names, or undefined under `/bedrock`, which serves all. */
  readonly service: ServiceId | undefined;
  /** The region the mount names: text of the client, to be checked against what is configured. */
  readonly region: string | undefined;
  /** How many leading segments of the target belong to the mount. */
  readonly segmentCount: number;
}

/** The mount of every service, under which `-` leads to the mounts that name a service and a region. */
export const GENERAL_MOUNT = 'bedrock';

const GENERAL: Mount = { service: undefined, region: undefined, segmentCount: 1 };

/**
 * The mount a target begins with, by exact text: `/bedrock/…`, `/{service}/…` or `/bedrock/-/{service}/{region}/…`.
 * The service `bedrock` has no mount of its own name, that one being the general mount.
 */
export function mountOf(segments: readonly string[]): Mount | undefined {
  const [first = '', second, service, region] = segments;
  if (first !== GENERAL_MOUNT) {
    return isServiceId(first) ? { service: first, region: undefined, segmentCount: 1 } : undefined;
  }
  if (second !== '-') return GENERAL;
  if (service === undefined || !isServiceId(service) || region === undefined || region === '') return undefined;
  return { service, region, segmentCount: 4 };
}

/** The raw path below a mount, which is the path AWS gets. */
export function pathBelow(mount: Mount, target: RequestTarget): string {
  let offset = 0;
  for (let index = 0; index < mount.segmentCount; index++) offset += 1 + (target.segments[index]?.length ?? 0);
  return offset < target.path.length ? target.path.slice(offset) : '/';
}
