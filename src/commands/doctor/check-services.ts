import { SERVICE_IDS, type ServiceId } from '../../domain/operations/services.ts';
import { createTargets } from '../../upstream/targets.ts';
import type { Finding, Patient } from './finding.ts';
import { probe, type Reached, type Unreached } from './probe.ts';

/** AWS refuses signatures that are further off. Source: AWS IAM user guide, "Signature calculation" (five minutes). */
const SKEW_SECONDS_MAX = 300;
const SKEW_SECONDS_NOTABLE = 30;

const MEND: Readonly<Record<Unreached['stage'], string>> = {
  DNS: 'Check the name servers of this machine, the region, and the endpoint if one is set.',
  connect: 'Let this machine connect to it (firewall, security group, route), and check the endpoint if one is set.',
  TLS: 'Something on the way answers for the host: give Node its certificate authority with NODE_EXTRA_CA_CERTS.',
  answer: 'Check what stands between this machine and the host, and the endpoint if one is set.',
};

interface Examined {
  readonly service: ServiceId;
  readonly origin: string;
  readonly custom: boolean;
  readonly outcome: Reached | Unreached;
}

/** Whether each of the eight services can be reached, in the default region, and whether the clock agrees with them. */
export async function checkServices({ config: { settings }, nowMs }: Patient): Promise<readonly Finding[]> {
  const targets = createTargets(settings);
  const everywhereCustom = SERVICE_IDS.every((id) => settings.endpoints[id] !== undefined);
  const region = settings.region ?? settings.allowedRegions[0];
  if (region === undefined && settings.endpoint === null && !everywhereCustom) {
    return [{ about: 'Services', state: 'warning', found: 'not looked at: there is no region' }];
  }
  // Endpoints that were set have the same host in every region.
  const examined = await Promise.all(
    SERVICE_IDS.map(async (service): Promise<Examined> => {
      const target = targets.of(service, region ?? 'us-east-1');
      return { service, origin: target.origin, custom: target.custom, outcome: await probe(target, '/') };
    }),
  );
  const runtimeIsThere = examined.some(
    ({ service, outcome }) => service === 'bedrock-runtime' && !('stage' in outcome),
  );
  const services = examined.map((one) => (runtimeIsThere && isAbsent(one) ? absence(one) : reachability(one)));
  return [...services, ...clockFindings(examined, nowMs())];
}

/** Not every service is in every region: where bedrock-runtime has a name and another one has none, it is not there. */
function isAbsent({ custom, outcome }: Examined): boolean {
  return !custom && 'stage' in outcome && outcome.code === 'ENOTFOUND';
}

function absence({ service, origin }: Examined): Finding {
  return {
    about: service,
    state: 'warning',
    found: `${origin}: no such name, so this region has no ${service}`,
    mend: 'Nothing, if you do not use it: requests to it are answered 503.',
  };
}

function reachability({ service, origin, outcome }: Examined): Finding {
  if (!('stage' in outcome)) return { about: service, state: 'ok', found: `${origin} answers` };
  const { stage, code } = outcome;
  return { about: service, state: 'fails', found: `${origin}: ${stage}: ${code}`, mend: MEND[stage] };
}

function clockFindings(examined: readonly Examined[], nowMs: number): Finding[] {
  const dates = examined.flatMap(({ outcome }) =>
    'date' in outcome && outcome.date ? [Date.parse(outcome.date)] : [],
  );
  const [theirsMs] = dates;
  if (theirsMs === undefined || Number.isNaN(theirsMs)) return [];
  const about = 'Clock';
  const skewSeconds = Math.round((nowMs - theirsMs) / 1000);
  const distance = Math.abs(skewSeconds);
  const found = `${distance} s ${skewSeconds < 0 ? 'behind' : 'ahead of'} the services`;
  const mend = 'Set the clock by NTP (chrony, systemd-timesyncd).';
  if (distance > SKEW_SECONDS_MAX) {
    return [{ about, state: 'fails', found: `${found}: AWS refuses signatures that far off`, mend }];
  }
  if (distance > SKEW_SECONDS_NOTABLE) return [{ about, state: 'warning', found, mend }];
  return [{ about, state: 'ok', found: 'agrees with the services' }];
}
