#!/usr/bin/env node
import { Command } from 'commander';
import { ownVersion } from './commands/version.ts';
import { ConfigError, type LoadedConfig } from './config/load.ts';
import { readConfig, type ConfigFlags } from './config/read.ts';

/** The width of what is not a terminal. */
const COLUMNS_DEFAULT = 100;

/** Every command and its flags. What a command does is loaded when it runs, so that the gateway pays for no other. */
const program = new Command('outcrop')
  .description('A gateway that brings Amazon Bedrock to the surface.')
  .version(ownVersion())
  .showHelpAfterError();

withConfigFlags(program.command('start', { isDefault: true }).description('run the gateway')).action(
  async (flags: ConfigFlags) => {
    const { runGateway } = await import('./main.ts');
    process.exitCode = await runGateway(readConfig(flags, process.env), say);
  },
);

program
  .command('demo')
  .description('see Bedrock traffic go through the gateway, without an AWS account')
  .option('--port <port>', 'port to listen on (default: 4000, or a free one when that is taken)')
  .option('--once', 'end after the requests instead of staying up')
  .action(async ({ port, once }: { port?: string; once?: true }) => {
    const { runDemo } = await import('./commands/demo/demo.ts');
    await runDemo({ port, once: once === true, write, columns: process.stdout.columns || COLUMNS_DEFAULT });
  });

withConfigFlags(program.command('config').description('show every setting in force and where it came from'))
  .option('--json', 'for programs')
  .action(async (flags: ConfigFlags & { json?: true }) => {
    const { showConfig } = await import('./commands/config.ts');
    say(showConfig(readConfig(flags, process.env), flags.json === true));
  });

withConfigFlags(program.command('doctor').description('say what would fail here, and how to mend it'))
  .option('--json', 'for programs')
  .action(async (flags: ConfigFlags & { json?: true }) => {
    const { runDoctor } = await import('./commands/doctor/doctor.ts');
    const read = (): LoadedConfig => readConfig(flags, process.env);
    process.exitCode = await runDoctor(read, process.env, { json: flags.json === true, say });
  });

withConfigFlags(
  program.command('health').description('ask the running gateway: exit code 0 when it takes requests'),
).action(async (flags: ConfigFlags) => {
  const { isHealthy } = await import('./commands/health.ts');
  const healthy = await isHealthy(readConfig(flags, process.env).settings);
  say(healthy ? 'healthy' : 'not healthy');
  process.exitCode = healthy ? 0 : 1;
});

program
  .command('simulator')
  .description('run the Bedrock simulator alone (--help lists its options)')
  .helpOption(false)
  .allowUnknownOption()
  .argument('[options...]')
  .action(async (options: string[]) => {
    const { runSimulator } = await import('../simulator/program.ts');
    await runSimulator(options);
  });

// Who reads the output may have seen enough (`outcrop config | head -1`).
process.stdout.on('error', () => process.exit());

try {
  await program.parseAsync();
} catch (error) {
  complain(error);
  process.exitCode = 1;
}

function withConfigFlags(command: Command): Command {
  return command
    .option('--port <port>', 'port to listen on')
    .option('--host <host>', 'address to listen on')
    .option('--config <file>', 'configuration file (default: outcrop.yaml, if there is one)');
}

function write(text: string): void {
  process.stdout.write(text);
}

function say(line: string): void {
  write(`${line}\n`);
}

function complain(error: unknown): void {
  const lines = error instanceof ConfigError ? error.lines : [describe(error)];
  for (const line of lines) process.stderr.write(`outcrop: ${line}\n`);
}

/** Errors of the system say enough in one line; anything else is a defect, and then the stack is what helps. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}. Another program has the port: stop it, or choose one with --port.`;
  }
  return 'code' in error ? error.message : (error.stack ?? error.message);
}
