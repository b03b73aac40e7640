import { createAwsCredentials } from '../../sinks/aws/credentials.ts';
import { SinkSettingsError } from '../../sinks/define-sink.ts';
import { type PreparedEntry, prepareSinks, withRegion } from '../../sinks/prepare-sinks.ts';
import { whyOutOfReach } from '../../sinks/reach-sink.ts';
import type { Sink, SinkContext } from '../../sinks/sink.ts';
import { createUndiciHttp, REQUEST_TIMEOUT_MS } from '../../sinks/undici-http.ts';
import { errorText, type Finding, type Patient } from './finding.ts';

const ABOUT = 'Sinks';
const MEND_SETTINGS = 'Correct their settings, see docs/logging.md: the gateway does not start with them.';

/** Whether the sinks have all they need, and something listens where they send to. Nothing is sent, and nothing written. */
export async function checkSinks({ config: { settings }, env, ...patient }: Patient): Promise<readonly Finding[]> {
  if (settings.sinks.length === 0) return [];
  const clock = { nowMs: patient.nowMs, elapsedMs: () => performance.now() };
  const http = createUndiciHttp();
  const context = {
    clock,
    random: Math.random,
    http,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    awsCredentials: createAwsCredentials(patient.credentials, clock),
    dataDir: settings.dataDir,
    stdout: () => Promise.resolve(),
  };
  try {
    const entries = await prepareSinks(settings.sinks, withRegion(env, settings.region));
    return (await Promise.all(entries.map((entry) => checkOne(entry, context)))).flat();
  } catch (error) {
    return mistakes(error, (line) => line);
  } finally {
    await http.close();
  }
}

async function checkOne(
  { settings: { name, type }, prepared }: PreparedEntry,
  context: Omit<SinkContext, 'name'>,
): Promise<readonly Finding[]> {
  let sink: Sink;
  try {
    sink = await prepared.open({ ...context, name });
  } catch (error) {
    return mistakes(error, (line) => `sink ${name}: ${line}`);
  }
  const shown = nameAndType(name, type);
  try {
    // What would be tried beside an address is made by the try: a file.
    const why = await whyOutOfReach({ reaches: sink.reaches }, context.http);
    if (why === null) return [{ about: ABOUT, state: 'ok', found: shown }];
    const mend = `Try them by "outcrop sinks test <name>"; the gateway starts without their receivers.`;
    return [{ about: ABOUT, state: 'warning', found: `${shown}: ${why}`, mend }];
  } finally {
    await sink.close?.();
  }
}

function nameAndType(name: string, type: string): string {
  return name === type ? name : `${name} (${type})`;
}

function mistakes(error: unknown, told: (line: string) => string): readonly Finding[] {
  const lines = error instanceof SinkSettingsError ? error.lines : [errorText(error)];
  return lines.map((line) => ({ about: ABOUT, state: 'fails', found: told(line), mend: MEND_SETTINGS }));
}
