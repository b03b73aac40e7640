import { parseArgs } from 'node:util';
import {
  SIMULATOR_BEARER_TOKEN,
  SIMULATOR_CREDENTIALS,
  SIMULATOR_REGIONS,
  SERVICE_IDS,
  startSimulator,
} from './index.ts';
import type { Simulator, SimulatorOptions } from './index.ts';

const HELP = `Starts a stand-in for Amazon Bedrock on this machine.

  --port-base N     control routes on port N, the eight services on N+1 to N+8 (default: free ports)
  --strict-headers  refuse headers that a gateway should have kept to itself, instead of ignoring them
  --delay-ms N      from a request to its answer's headers (default 0)
  --interval-ms N   between two frames of a stream (default 50)
  --json            print where it listens as JSON
`;

/**
 * The simulator as a program, until a signal ends it. @param args the command line after the program's name
 * @throws Error for an option there is not, or a port that is taken
 */
export async function runSimulator(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'port-base': { type: 'string' },
      'strict-headers': { type: 'boolean', default: false },
      'delay-ms': { type: 'string', default: '0' },
      'interval-ms': { type: 'string', default: '50' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const portBase = values['port-base'];
  const simulator = await startSimulator({
    unknownHeaders: values['strict-headers'] ? 'refuse' : 'ignore',
    pace: { delayMs: naturalNumber(values['delay-ms']), intervalMs: naturalNumber(values['interval-ms']) },
    ...(portBase === undefined ? {} : { ports: portsFrom(naturalNumber(portBase)) }),
  });
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  process.stdout.write(values.json ? asJson(simulator) : asText(simulator));
  await stopped;
  await simulator.close();
}

function portsFrom(base: number): NonNullable<SimulatorOptions['ports']> {
  return { control: base, ...Object.fromEntries(SERVICE_IDS.map((id, index) => [id, base + 1 + index])) };
}

function asJson({ origins, environment, controlOrigin }: Simulator): string {
  const credentials = { ...SIMULATOR_CREDENTIALS, bearerToken: SIMULATOR_BEARER_TOKEN };
  return `${JSON.stringify({ origins, controlOrigin, environment, credentials }, null, 2)}\n`;
}

function asText({ environment, controlOrigin }: Simulator): string {
  const settings = {
    ...environment,
    AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
    AWS_REGION: SIMULATOR_REGIONS[0] ?? '',
  };
  const exports = Object.entries(settings).map(([name, value]) => `export ${name}=${value}`);
  return `The Bedrock simulator is up. Control routes: ${controlOrigin}\n\n${exports.join('\n')}\n\nStop it with Ctrl-C.\n`;
}

function naturalNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`${text} is not a natural number.`);
  return Number(text);
}
