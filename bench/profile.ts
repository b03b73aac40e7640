import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Load } from './load-client.ts';
import { MASTER_KEY, startGateway } from './outcrop.ts';
import type { Processes } from './processes.ts';

const SHOWN_FUNCTIONS = 45;

/** The part of V8's .cpuprofile that is read here. Source: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/ */
const profileSchema = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

export interface ProfileOptions {
  readonly folder: string;
  readonly upstream: string;
  readonly bodyBytes: number;
  readonly durationMs: number;
}

/** Runs the unary leg under V8's profiler. @returns lines of text: the functions that took the most time themselves */
export async function profileUnary(
  processes: Processes,
  load: Load,
  { folder, upstream, bodyBytes, durationMs }: ProfileOptions,
): Promise<string> {
  const profiles = join(folder, 'profiles');
  mkdirSync(profiles);
  const nodeFlags = ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const gateway = await startGateway(processes, { folder, upstream, nodeFlags });
  const job = { port: gateway.port, mount: '/bedrock', bearer: MASTER_KEY, bodyBytes, connections: 32 };
  const { requests } = await load.unary({ ...job, durationMs });
  await gateway.process.stop();
  const [file] = readdirSync(profiles);
  if (file === undefined) throw new Error(`The gateway left no profile:\n${gateway.process.output()}`);
  return format(readFileSync(join(profiles, file), 'utf8'), requests);
}

function format(json: string, requests: number): string {
  const { nodes, samples, timeDeltas } = profileSchema.parse(JSON.parse(json));
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const selfUs = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '';
    selfUs.set(name, (selfUs.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  selfUs.delete('(idle)');
  const total = [...selfUs.values()].reduce((sum, us) => sum + us, 0);
  const lines = [...selfUs]
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN_FUNCTIONS)
    .map(([name, us]) => {
      const perRequest = (us / requests).toFixed(2).padStart(7);
      return `${perRequest} µs ${((100 * us) / total).toFixed(1).padStart(5)} %  ${name}`;
    });
  return `\nSelf time for each of ${requests} requests, start and profiler included\n\n${lines.join('\n')}\n`;
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  if (url === '') return functionName;
  const file = /(?:dist|node_modules)\/.*$/.exec(url)?.[0] ?? url;
  return `${functionName === '' ? '(anonymous)' : functionName} ${file}:${lineNumber + 1}`;
}
