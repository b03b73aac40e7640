import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownVersion } from '../../version.ts';
import { styleText } from 'node:util';
import { loadConfig } from '../../config/load.ts';
import { openGateway, type Gateway } from '../../gateway.ts';
import { createLog } from '../../log.ts';
import { SIMULATOR_CREDENTIALS, startSimulator, type Simulator } from '../../../simulator/index.ts';
import { listenFault } from '../listen-fault.ts';
import { untilStopped } from '../until-stopped.ts';
import { EXAMPLES, type Example } from './examples.ts';
import { Paragraph } from './paragraph.ts';
import { pasteLines } from './paste-lines.ts';
import { postJson } from './send.ts';

export interface DemoOptions {
  /** The port to listen on; undefined takes 4000, or a free one when that is taken. */
  readonly port: string | undefined;
  /** End after the requests instead of staying up. */
  readonly once: boolean;
  /** Where the demo is seen; only a terminal gets colours and its own width. */
  readonly write: (text: string) => void;
  readonly columns: number;
}

const HOST = '127.0.0.1';
const USUAL_PORT = 4000;
const SYSTEM_CLOCK = { nowMs: () => Date.now(), elapsedMs: () => performance.now() };
/** Between two words of a stream: slow enough to be seen. */
const WORD_MS = 35;
const INDENT = '    ';

/**
 * Bedrock traffic through the gateway without an AWS account: a simulator, the gateway in front of it, a request for each
 * of the parts of Bedrock most people use; then the gateway stays up to be tried.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { write } = options;
  write('Starting a Bedrock simulator and the gateway in front of it. No AWS account is used.\n');
  const simulator = await startSimulator({ pace: { intervalMs: WORD_MS } });
  const dataDir = mkdtempSync(join(tmpdir(), 'outcrop-demo-'));
  try {
    const gateway = await openDemoGateway(simulator, dataDir, await choosePort(options));
    try {
      write(`The gateway listens on ${gateway.origin}\n`);
      for (const example of EXAMPLES) await show(example, gateway, options);
      if (options.once) return;
      const stopped = untilStopped();
      writeFarewell(gateway, write);
      await stopped;
    } finally {
      await gateway.close({ noticeMs: 0 });
    }
  } finally {
    await simulator.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function choosePort({ port, write }: DemoOptions): Promise<string> {
  if (port !== undefined) return port;
  if ((await listenFault(HOST, USUAL_PORT)) === null) return String(USUAL_PORT);
  write(`Port ${USUAL_PORT} is taken, so another one is used; choose one with --port.\n`);
  return '0';
}

/** Nothing of the environment comes in: the demo must not meet anybody's real settings or credentials. */
function openDemoGateway(simulator: Simulator, dataDir: string, port: string): Promise<Gateway> {
  const env = { ...simulator.environment, AWS_REGION: 'us-east-1', OUTCROP_DATA_DIR: dataDir };
  const { settings } = loadConfig({ flags: { port, host: HOST }, env, file: null });
  return openGateway({
    settings,
    clock: SYSTEM_CLOCK,
    // That a call has no price is nothing to warn of here.
    log: createLog('error'),
    version: ownVersion(),
    loadCredentials: () => Promise.resolve(SIMULATOR_CREDENTIALS),
    env: {},
    fatal: (error) => {
      throw error;
    },
  });
}

async function show(example: Example, gateway: Gateway, { write, columns }: DemoOptions): Promise<void> {
  const url = `${gateway.origin}/bedrock${example.path}`;
  const json = JSON.stringify(example.body);
  write(`\n${styleText('bold', example.operation)}: ${example.about}\n`);
  write(styleText('dim', `  $ curl -X POST '${url}' -H 'Content-Type: application/json' -d '${json}'\n`));

  const paragraph = new Paragraph(write, INDENT, columns);
  const notes: string[] = [];
  const { status, frames, milliseconds } = await postJson(url, json, (content, eventType) => {
    const { text, note } = example.read(content, eventType);
    if (text !== undefined) paragraph.add(text);
    if (note !== undefined) notes.push(note);
  });
  paragraph.end();
  if (frames > 0) notes.push(`${frames} frames`);
  write(`  ${styleText('green', String(status))} ${styleText('dim', [...notes, `${milliseconds} ms`].join(', '))}\n`);
}

function writeFarewell(gateway: Gateway, write: (text: string) => void): void {
  const { curl, boto3 } = pasteLines(gateway.origin);
  write(`\n${styleText('bold', 'The gateway stays up. Paste into another terminal:')}\n\n${curl}\n\n${boto3}\n\n`);
  write('Ctrl-C ends it. With AWS credentials, "outcrop start" does the same with the real Bedrock.\n');
}
