import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { callerCount } from './callers.ts';
import type { Callers } from './jobs.ts';
import type { Load } from './load-client.ts';
import { startGateway } from './outcrop.ts';
import type { Processes } from './processes.ts';
import { BUDGET_NGINX_US, REST, STAGES } from './stages.ts';

const SHOWN_FUNCTIONS = 45;
const CONNECTIONS = 32;
/** Long enough that the code is compiled. */
const WARM_UP_MS = 15_000;

/** The part of V8's .cpuprofile that is read here. Source: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/ */
const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      children: z.array(z.number()).optional(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  /** Microseconds of the monotonic clock, which all processes share. */
  startTime: z.number(),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

export interface ProfileOptions {
  readonly folder: string;
  readonly upstream: string;
  readonly callers: Callers;
  readonly bodyBytes: number;
  readonly durationMs: number;
}

/** Where the time of a gateway went: microseconds for each request, by function, without what it called. */
export interface Profile {
  readonly requests: number;
  readonly selfUs: ReadonlyMap<string, number>;
  /** The same by stage. */
  readonly stagesUs: ReadonlyMap<string, number>;
}

/** Runs a gateway under V8's profiler and loads it; what it does before it is warm does not count. */
export async function profileUnary(
  processes: Processes,
  load: Load,
  { folder, upstream, callers, bodyBytes, durationMs }: ProfileOptions,
): Promise<Profile> {
  mkdirSync(folder, { recursive: true });
  const profiles = mkdtempSync(join(folder, 'profiles-'));
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const gateway = await startGateway(processes, { folder, upstream, nodeFlags });
  const way = {
    port: gateway.port,
    mount: '/bedrock',
    callers,
    bodyBytes,
    connections: CONNECTIONS,
    callersSkipped: 0,
  };
  // Afterwards the gateway knows all callers.
  await load.unary({ ...way, durationMs: null, requestsMax: callerCount(callers) });
  await load.unary({ ...way, durationMs: WARM_UP_MS, requestsMax: null });
  const fromUs = Number(process.hrtime.bigint() / 1000n);
  const { requests } = await load.unary({ ...way, durationMs, requestsMax: null });
  await gateway.process.stop();
  const [file] = readdirSync(profiles);
  if (file === undefined) throw new Error(`The gateway left no profile:\n${gateway.process.output()}`);
  return { requests, ...selfTimes(readFileSync(join(profiles, file), 'utf8'), fromUs, requests) };
}

function selfTimes(json: string, fromUs: number, requests: number): Omit<Profile, 'requests'> {
  const { nodes, samples, timeDeltas, startTime } = profileSchema.parse(JSON.parse(json));
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const stages = stagesOf(nodes, names);
  const selfUs = new Map<string, number>();
  const stagesUs = new Map<string, number>();
  let atUs = startTime;
  for (const [index, id] of samples.entries()) {
    const delta = timeDeltas[index] ?? 0;
    atUs += delta;
    if (atUs < fromUs) continue;
    const name = names.get(id) ?? '';
    if (name === '(idle)') continue;
    const stage = stages.get(id) ?? REST.name;
    selfUs.set(name, (selfUs.get(name) ?? 0) + delta / requests);
    stagesUs.set(stage, (stagesUs.get(stage) ?? 0) + delta / requests);
  }
  return { selfUs, stagesUs };
}

type Nodes = z.output<typeof profileSchema>['nodes'];

/** Of each node: its own stage, else that of who called it. */
function stagesOf(nodes: Nodes, names: ReadonlyMap<number, string>): ReadonlyMap<number, string> {
  const stages = new Map<number, string>();
  // Callers stand before those they call.
  for (const { id, children = [] } of nodes) {
    const name = names.get(id) ?? '';
    const own = STAGES.find(({ frames }) => frames.some((frame) => name.includes(frame)))?.name;
    const stage = own ?? stages.get(id);
    if (stage === undefined) continue;
    stages.set(id, stage);
    for (const child of children) stages.set(child, stage);
  }
  return stages;
}

/** Lines of text: what each stage took, beside what it may take on a machine where nginx takes so long. */
export function formatStages({ stagesUs }: Profile): string {
  const lines = [...STAGES, REST].map(({ name, budgetUs }) => {
    const budget = budgetUs === null ? '      –' : column(budgetUs);
    return `${column(stagesUs.get(name) ?? 0)} µs  ${budget} µs  ${name}`;
  });
  return `\nBy stage; then its budget where nginx takes ${BUDGET_NGINX_US} µs\n\n${lines.join('\n')}\n`;
}

/** Lines of text: the functions that took the most time themselves. */
export function formatProfile({ requests, selfUs }: Profile): string {
  const total = totalUs({ selfUs });
  const lines = [...selfUs]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN_FUNCTIONS)
    .map(([name, us]) => `${column(us)} µs ${((100 * us) / total).toFixed(1).padStart(5)} %  ${name}`);
  return `\nSelf time for each of ${requests} requests, profiler included\n\n${lines.join('\n')}\n`;
}

/** Lines of text: the functions that took the most time beyond what they took in the profile that is the base. */
export function formatDifference(base: Profile, baseName: string, profile: Profile, name: string): string {
  const both = new Set([...profile.selfUs.keys(), ...base.selfUs.keys()]);
  const lines = [...both]
    .map((of) => ({
      of,
      us: profile.selfUs.get(of) ?? 0,
      more: (profile.selfUs.get(of) ?? 0) - (base.selfUs.get(of) ?? 0),
    }))
    .sort((a, b) => b.more - a.more)
    .slice(0, SHOWN_FUNCTIONS)
    .map(({ of, us, more }) => `${column(more)} more, ${column(us)} µs  ${of}`);
  const totals = `${totalUs(profile).toFixed(1)} µs, with the ${baseName} ${totalUs(base).toFixed(1)} µs`;
  return `\nSelf time for each request, ${name}: ${totals}, profiler included\n\n${lines.join('\n')}\n`;
}

function totalUs({ selfUs }: Pick<Profile, 'selfUs'>): number {
  return [...selfUs.values()].reduce((sum, us) => sum + us, 0);
}

function column(us: number): string {
  return us.toFixed(2).padStart(7);
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  if (url === '') return functionName;
  const file = /(?:dist|node_modules)\/.*$/.exec(url)?.[0] ?? url;
  return `${file} ${functionName === '' ? '(anonymous)' : functionName}:${lineNumber + 1}`;
}
