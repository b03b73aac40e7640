import type { Arn } from './aws/arn.ts';
import { isRegion } from './aws/partitions.ts';
import { Refusal } from './errors.ts';
import type { Route } from './operations/route.ts';

/**
 * Which region a request is for: the explicit mount, else the ARN of the model or resource it is about, else the
 * gateway's default. Whether it is allowed is for the policy to say.
 * @throws Refusal when the mount names no region of AWS, or nothing names one at all.
 */
export function chooseRegion(route: Route, resourceArn: Arn | null, defaultRegion: string | null): string {
  if (route.region !== undefined) {
    if (!isRegion(route.region))
      throw new Refusal('unknownOperation', 'The region in the path is not a region of AWS.');
    return route.region;
  }
  if (resourceArn !== null && isRegion(resourceArn.region)) return resourceArn.region;
  if (defaultRegion !== null) return defaultRegion;
  throw new Refusal('noCredentials', 'The gateway has no AWS region: set AWS_REGION on it, for example us-east-1.');
}
