import { weaknessOf } from './config/weakness.ts';
import type { Settings } from './config/settings.ts';

/** What a person wants to know when the gateway has started: where it is, who may come in, where requests go. */
export function describeStart(origin: string, settings: Settings): string[] {
  const shownOrigin = origin.replace('//0.0.0.0:', '//localhost:').replace('//[::]:', '//localhost:');
  const lines = [`Outcrop listens on ${origin}. Point Bedrock clients at ${shownOrigin}/bedrock`];
  lines.push(accessLine(settings));
  const weakness = weaknessOf(settings);
  if (weakness !== null) lines.push(`WARNING: ${weakness}.`);
  lines.push(
    settings.region === null
      ? 'No AWS region: set AWS_REGION (for example us-east-1); until then only requests that name one are served.'
      : `AWS region ${settings.region}${otherRegions(settings)}.`,
  );
  if (settings.endpoint !== null) lines.push(`Requests go to ${settings.endpoint} instead of AWS.`);
  const elsewhere = Object.entries(settings.endpoints).map(([service, endpoint]) => `${service} ${endpoint}`);
  if (elsewhere.length > 0) lines.push(`Instead of AWS, requests go to: ${elsewhere.join(', ')}.`);
  return lines;
}

function accessLine(settings: Settings): string {
  if (settings.masterKey !== null) return 'Callers need the master key, or a virtual key made with it.';
  if (settings.allowAnonymous)
    return 'WARNING: no master key, and OUTCROP_ALLOW_ANONYMOUS is set: anyone who reaches this port can use your AWS account.';
  return 'No master key: open to programs on this machine, and to nobody else. Set OUTCROP_MASTER_KEY to listen on the network.';
}

function otherRegions({ allowedRegions, region }: Settings): string {
  const others = allowedRegions.filter((name) => name !== region);
  return others.length === 0 ? '' : `; also allowed: ${others.join(', ')}`;
}
