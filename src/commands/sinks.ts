import { randomUUID } from 'node:crypto';
import { PROMETHEUS } from '../config/metrics-by-name.ts';
import type { Settings } from '../config/settings.ts';
import { requestIdOf } from '../domain/request-id.ts';
import type { SinkSettings } from '../domain/sink-settings.ts';
import type { Clock } from '../ports.ts';
import { type AwsCredentialSource, createAwsCredentials } from '../sinks/aws/credentials.ts';
import { SinkSettingsError } from '../sinks/define-sink.ts';
import { SINKS } from '../sinks/index.ts';
import { definitionOf, hint, prepareSinks, withRegion } from '../sinks/prepare-sinks.ts';
import { type SinkTrial, trySink } from '../sinks/try-sink.ts';
import { createUndiciHttp, REQUEST_TIMEOUT_MS } from '../sinks/undici-http.ts';
import { writeToStdout } from '../sinks/write-stdout.ts';
import { isolateCredentialChain, loadFromChain } from '../upstream/credential-chain.ts';
import { CommandError } from './command-error.ts';
import { table } from './table.ts';

interface Told {
  readonly json: boolean;
  readonly say: (text: string) => void;
}

export interface SinksCommand extends Told {
  readonly settings: Settings;
  readonly env: Record<string, string | undefined>;
  /** Instead of the AWS credential chain. */
  readonly loadAwsCredentials?: AwsCredentialSource;
}

/** Lists every sink there is, what it is for, and which of them these settings have. */
export async function listSinks({ settings, json, say }: SinksCommand): Promise<void> {
  const rows = await Promise.all(
    Object.keys(SINKS).map(async (type) => {
      const { about, delivery, variables } = await definitionOf(type);
      const configured = settings.sinks.filter((sink) => sink.type === type).map(({ name }) => name);
      return { type, about, delivery, variables, configured };
    }),
  );
  if (json) {
    say(JSON.stringify(rows, null, 2));
    return;
  }
  say(
    table([
      ['SINK', 'DELIVERY', 'CONFIGURED', 'WHAT IT IS'],
      ...rows.map(({ type, delivery, configured, about }) => [type, delivery, configured.join(', ') || '-', about]),
    ]),
  );
}

/**
 * Sends a sample to a sink and shows what came back: to one that is configured, or to any that the environment alone
 * describes. @throws CommandError when it was not taken
 */
export async function testSink(
  name: string,
  { settings, env, json, say, loadAwsCredentials = () => fromChain(env) }: SinksCommand,
): Promise<void> {
  const clock: Clock = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };
  const http = createUndiciHttp();
  try {
    const wanted = settings.sinks.find((sink) => sink.name === name) ?? ofEnvironment(name, settings);
    const [entry] = await prepareSinks([wanted], withRegion(env, settings.region));
    if (entry === undefined) return;
    const context = {
      name,
      clock,
      random: Math.random,
      http,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      awsCredentials: createAwsCredentials(loadAwsCredentials, clock),
      dataDir: settings.dataDir,
      stdout: writeToStdout,
    };
    report(name, await trySink(entry, context, requestIdOf(clock.nowMs(), randomUUID())), { json, say });
  } catch (error) {
    if (error instanceof SinkSettingsError) throw new CommandError(error.lines.join('\n'));
    throw error;
  } finally {
    await http.close();
  }
}

function report(name: string, trial: SinkTrial, { json, say }: Told): void {
  if (json) say(JSON.stringify({ sink: name, ...trial }, null, 2));
  else {
    for (const { method, origin, status, text } of trial.exchanged) {
      say(`${method} ${origin}: ${status === null ? 'no answer' : `${status} ${text}`.trimEnd()}`);
    }
  }
  if (!trial.taken) throw new CommandError(`The sink ${name} did not take the sample: ${trial.reason ?? 'no reason'}.`);
  if (!json) say(`The sink ${name} has taken the sample${trial.reason === null ? '' : `, but ${trial.reason}`}.`);
}

async function fromChain(env: Record<string, string | undefined>): ReturnType<AwsCredentialSource> {
  isolateCredentialChain(env);
  return loadFromChain(env);
}

/** A sink that nobody has configured has its settings in the environment, if anywhere. @throws CommandError */
function ofEnvironment(type: string, { sinks }: Settings): SinkSettings {
  if (type === PROMETHEUS) throw new CommandError('Nothing is sent to Prometheus: it fetches /metrics of the gateway.');
  if (!Object.hasOwn(SINKS, type)) {
    const names = sinks.map(({ name }) => name);
    const configured = names.length === 0 ? 'none is configured' : `configured are ${names.join(', ')}`;
    throw new CommandError(`There is no sink ${type}; ${configured}${hint(type, [...names, ...Object.keys(SINKS)])}.`);
  }
  return {
    name: type,
    type,
    delivery: null,
    content: true,
    batchSize: null,
    flushIntervalMs: null,
    queueSizeMax: null,
    queueBytesMax: null,
    outboxBytesMax: null,
    options: {},
  };
}
