import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bearers, pairs } from './callers.ts';
import { measureKeys } from './legs/keys.ts';
import { measureLatency } from './legs/latency.ts';
import { LIMITS, measureMetering } from './legs/metering.ts';
import { measureRest } from './legs/rest.ts';
import type { Contender } from './legs/rounds.ts';
import { measureSinks } from './legs/sinks.ts';
import { measureStreams } from './legs/streams.ts';
import { measureUnary, type Way } from './legs/unary.ts';
import type { Callers } from './jobs.ts';
import { startLoad, type Load } from './load-client.ts';
import { describeMachine } from './machine.ts';
import { startNginxProxy, startOrigin } from './nginx.ts';
import { MASTER_KEY, startGateway } from './outcrop.ts';
import { pinSelf, Processes } from './processes.ts';
import { formatDifference, formatProfile, formatStages, profileUnary } from './profile.ts';
import { formatGoal, formatSection, type Section } from './report.ts';
import { makeKeys } from './virtual-keys.ts';

const HELP = `Measures the packaged gateway beside a plain nginx proxy, on this machine alone. bench/README.md says how to read it.

  --quick        shorter rounds, for development (under a minute)
  --only LEG     one of: unary, latency, keys, metering, sinks, streams, rest
  --json FILE    write the results as JSON too
  --profile      run the unary leg under V8's profiler and print where the time goes; with --only keys, where the time
                 goes that virtual keys and signatures take beyond the master key
  --no-build     take dist/ as it is
`;

const LEGS = ['unary', 'latency', 'keys', 'metering', 'sinks', 'streams', 'rest'] as const;
type Leg = (typeof LEGS)[number];

const SMALL_BYTES = 1024;
/** What Claude Code sends with its first request: system prompt and tools. */
const LARGE_BYTES = 85 * 1024;

/** Many short rounds rather than few long ones: what else the machine does changes from second to second. */
const FULL = {
  unary: { connections: 32, rounds: 15, roundMs: 1500, warmUpMs: 15_000 },
  large: { connections: 32, rounds: 10, roundMs: 1500, warmUpMs: 1000 },
  latency: { rounds: 15, roundMs: 1000, warmUpMs: 1000 },
  keys: { keys: 10_000, connections: 32, rounds: 15, roundMs: 1000, warmUpMs: 10_000 },
  metering: { keys: 100, connections: 32, rounds: 15, roundMs: 1500, warmUpMs: 15_000, starts: 3 },
  sinks: { connections: 32, rounds: 10, roundMs: 1500, warmUpMs: 10_000 },
  streams: { streams: 1000, seconds: 60, directSeconds: 20 },
  rest: { starts: 5 },
};
const QUICK: typeof FULL = {
  unary: { connections: 32, rounds: 4, roundMs: 500, warmUpMs: 2000 },
  large: { connections: 32, rounds: 2, roundMs: 600, warmUpMs: 200 },
  latency: { rounds: 2, roundMs: 500, warmUpMs: 200 },
  keys: { keys: 2000, connections: 32, rounds: 3, roundMs: 400, warmUpMs: 400 },
  metering: { keys: 100, connections: 32, rounds: 4, roundMs: 500, warmUpMs: 2000, starts: 1 },
  sinks: { connections: 32, rounds: 3, roundMs: 500, warmUpMs: 1000 },
  streams: { streams: 1000, seconds: 2, directSeconds: 2 },
  rest: { starts: 1 },
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const processes = new Processes();
const folder = mkdtempSync(join(tmpdir(), 'outcrop-bench-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
}
try {
  if (values.help) process.stdout.write(HELP);
  else await run();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  for (const output of processes.outputs()) console.error(`\n${output}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}

async function run(): Promise<void> {
  const legs = LEGS.filter((leg) => values.only === undefined || values.only === leg);
  if (legs.length === 0) throw new Error(`--only takes one of: ${LEGS.join(', ')}`);
  const machine = describeMachine();
  pinSelf();
  if (!values['no-build']) build();
  const load = startLoad(processes);
  if (values.profile) {
    const origin = await startOrigin(processes, folder);
    await profile(load, `http://127.0.0.1:${origin.port}`, values.only);
    return;
  }

  console.log(
    Object.entries(machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  );
  const sections: Section[] = [];
  for await (const section of measure(legs, load)) {
    sections.push(section);
    console.log(formatSection(section));
  }
  const goals = sections.flatMap((section) => section.goals).filter(({ max }) => max !== null);
  console.log(`Goals\n\n${goals.map((reached) => `  ${formatGoal(reached)}`).join('\n')}`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ machine, quick: values.quick, sections }, null, 2)}\n`);
  }
  if (goals.some(({ met }) => !met)) process.exitCode = 1;
}

async function* measure(legs: readonly Leg[], load: Load): AsyncGenerator<Section> {
  const plan = values.quick ? QUICK : FULL;
  const origin = await startOrigin(processes, folder);
  const upstream = `http://127.0.0.1:${origin.port}`;
  // At rest first: nothing else is on the core then.
  if (legs.includes('rest')) yield await measureRest(processes, load, { folder, upstream, ...plan.rest });
  if (legs.includes('unary') || legs.includes('latency')) {
    const nginx = await startNginxProxy(processes, folder, origin.port);
    const gateway = await startGateway(processes, { folder, upstream });
    const callers = bearers([MASTER_KEY]);
    const contenders: Contender<Way>[] = [
      { name: 'direct', port: origin.port, mount: '', callers, pids: [] },
      { name: 'nginx', port: nginx.port, mount: '', callers, pids: nginx.pids },
      { name: 'outcrop', port: gateway.port, mount: '/bedrock', callers, pids: [gateway.process.pid] },
    ];
    if (legs.includes('unary')) {
      yield await measureUnary(load, contenders, { ...plan.unary, bodyBytes: SMALL_BYTES }, true);
      yield await measureUnary(load, contenders, { ...plan.large, bodyBytes: LARGE_BYTES }, false);
    }
    if (legs.includes('latency')) {
      const options = { ...plan.latency, bodyBytes: SMALL_BYTES };
      yield await measureLatency(load, contenders, options, 'as they are');
      const letSleep = processes.keepAwake();
      yield await measureLatency(load, contenders, options, 'kept awake');
      await letSleep();
    }
    await Promise.all([nginx.process.stop(), gateway.process.stop()]);
  }
  if (legs.includes('keys')) {
    const options = { ...plan.keys, folder: join(folder, 'keys'), upstream };
    yield await measureKeys(processes, load, { ...options, bodyBytes: SMALL_BYTES });
  }
  if (legs.includes('metering')) {
    const options = { ...plan.metering, folder: join(folder, 'metering'), upstream, originPort: origin.port };
    yield await measureMetering(processes, load, { ...options, bodyBytes: SMALL_BYTES });
  }
  if (legs.includes('sinks')) {
    const options = { ...plan.sinks, folder: join(folder, 'sinks'), upstream };
    yield await measureSinks(processes, load, { ...options, bodyBytes: SMALL_BYTES });
  }
  if (legs.includes('streams')) yield await measureStreams(processes, load, { folder, ...plan.streams });
}

async function profile(load: Load, upstream: string, leg: string | undefined): Promise<void> {
  const options = { upstream, bodyBytes: SMALL_BYTES, durationMs: values.quick ? 3000 : 10_000 };
  const of = (callers: Callers, inFolder: string) =>
    profileUnary(processes, load, { ...options, callers, folder: inFolder });
  const master = bearers([MASTER_KEY]);
  if (leg === 'metering') {
    const limited = await makeKeys(folder, FULL.metering.keys, { limits: LIMITS });
    const everything = await of(bearers(limited.map(({ bearer }) => bearer)), folder);
    console.log(formatProfile(everything) + formatStages(everything));
    return;
  }
  if (leg !== 'keys') {
    const found = await of(master, folder);
    console.log(formatProfile(found) + formatStages(found));
    return;
  }
  const keysFolder = join(folder, 'keys');
  const keys = await makeKeys(keysFolder, FULL.keys.keys);
  const base = await of(master, keysFolder);
  const virtual = await of(bearers(keys.map(({ bearer }) => bearer)), keysFolder);
  console.log(formatDifference(base, 'master key', virtual, 'virtual keys'));
  console.log(formatDifference(base, 'master key', await of(pairs(keys), keysFolder), 'signed'));
}

function build(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const script = join(root, 'scripts', 'build.ts');
  const command = existsSync(script)
    ? [script]
    : [join(root, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.build.json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`Building dist/ failed:\n${stdout}${stderr}`);
}

async function cleanUp(): Promise<void> {
  await processes.stopAll();
  rmSync(folder, { recursive: true, force: true });
}
