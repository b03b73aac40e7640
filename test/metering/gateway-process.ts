import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { SIMULATOR_CREDENTIALS, type Simulator } from '../../simulator/index.ts';
import { type Run, startOutcrop } from '../commands/run-outcrop.ts';
import { MASTER_KEY } from '../support/test-gateway.ts';

/** A gateway in a process of its own, so that it can be killed. */
export interface GatewayProcess {
  readonly run: Run;
  readonly origin: string;
}

export interface ProcessOptions {
  readonly simulator: Simulator;
  /** What it keeps: the next process goes on with it. */
  readonly dataDir: string;
  /** Limits on everything together, as the configuration file has them. */
  readonly limits?: readonly object[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function startGatewayProcess({
  simulator,
  dataDir,
  limits = [],
  env = {},
}: ProcessOptions): Promise<GatewayProcess> {
  const config = path.join(dataDir, 'outcrop.yaml');
  // JSON is YAML.
  writeFileSync(config, JSON.stringify({ limits }));
  const run = startOutcrop(['start', '--config', config], {
    env: {
      ...simulator.environment,
      AWS_ACCESS_KEY_ID: SIMULATOR_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: SIMULATOR_CREDENTIALS.secretAccessKey,
      AWS_REGION: 'us-east-1',
      OUTCROP_HOST: '127.0.0.1',
      OUTCROP_PORT: '0',
      OUTCROP_MASTER_KEY: MASTER_KEY,
      OUTCROP_SHUTDOWN_NOTICE_MS: '0',
      OUTCROP_DATA_DIR: dataDir,
      // Many processes on a busy machine are no reason to turn anybody away.
      OUTCROP_LOOP_DELAY_MS_MAX: '60000',
      ...env,
    },
  });
  await run.says('Point Bedrock clients at');
  return { run, origin: /http:\/\/127\.0\.0\.1:\d+/.exec(run.output())?.[0] ?? '' };
}

/** Ends it as an operator does, who leaves nothing behind for the next one. */
export async function stopGatewayProcess({ run }: GatewayProcess): Promise<void> {
  run.child.kill('SIGTERM');
  assert.equal(await run.ended, 0, run.errors());
}

/** Folders of records that the database does not have yet. */
export async function spoolsIn(dataDir: string): Promise<readonly string[]> {
  return (await readdir(path.join(dataDir, 'spool'))).filter((name) => !name.endsWith('.lock'));
}
