import { listenHost } from '../../config/listen-host.ts';
import { isHealthy } from '../health.ts';
import { listenFault } from '../listen-fault.ts';
import type { Finding, Patient } from './finding.ts';

const MEND: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program has the port: stop it, or choose one with OUTCROP_PORT.',
  EACCES: 'Ports below 1024 need privileges: choose a higher one with OUTCROP_PORT.',
  EADDRNOTAVAIL: 'OUTCROP_HOST must be an address of this machine.',
  ENOTFOUND: 'OUTCROP_HOST must be an address of this machine, or a name of one.',
};

/** Whether the gateway could listen where it is told to. */
export async function checkListening({ config: { settings } }: Patient): Promise<readonly Finding[]> {
  const about = 'Listening';
  const host = listenHost(settings);
  const where = `${host}:${settings.port}`;
  const fault = await listenFault(host, settings.port);
  if (fault === null) return [{ about, state: 'ok', found: `${where} is free` }];
  if (fault === 'EADDRINUSE' && (await isHealthy(settings))) {
    return [{ about, state: 'ok', found: `a gateway is already running on ${where}` }];
  }
  return [
    {
      about,
      state: 'fails',
      found: `can't listen on ${where}: ${fault}`,
      mend: MEND[fault] ?? 'See OUTCROP_HOST and OUTCROP_PORT.',
    },
  ];
}
