import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { listenHost } from '../config/listen-host.ts';
import type { Settings } from '../config/settings.ts';

const TIMEOUT_MS = 3000;
const HEALTHY = '{"status":"healthy"}';
const ANSWER_CHARACTERS_MAX = 100;

/**
 * Asks the gateway that runs with these settings on this machine whether it takes requests. For container health checks,
 * which have no shell and no curl.
 */
export function isHealthy(settings: Settings): Promise<boolean> {
  const host = listenHost(settings);
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const target = { host: address, port: settings.port, path: '/health/readiness', timeout: TIMEOUT_MS, agent: false };
  return new Promise((resolve) => {
    // Its certificate names the gateway's public name, not this address; nothing is sent that anybody could want.
    const request =
      settings.tlsCert === null ? requestHttp(target) : requestHttps({ ...target, rejectUnauthorized: false });
    request.once('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text.slice(0, ANSWER_CHARACTERS_MAX)));
      answer.once('end', () => resolve(body === HEALTHY));
    });
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', () => resolve(false));
    request.end();
  });
}
