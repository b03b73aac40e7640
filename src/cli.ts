#!/usr/bin/env node
import { Command } from 'commander';
import { ConfigError } from './config/load.ts';
import { readConfig, type ConfigFlags } from './config/read.ts';

const program = new Command('outcrop')
  .description('A gateway that brings Amazon Bedrock to the surface.')
  .showHelpAfterError();

withConfigFlags(program.command('start', { isDefault: true }).description('run the gateway')).action(
  async (flags: ConfigFlags) => {
    const { runGateway } = await import('./main.ts');
    process.exitCode = await runGateway(readConfig(flags, process.env), say);
  },
);

withConfigFlags(program.command('config').description('show every setting in force and where it came from'))
  .option('--json', 'for programs')
  .action(async (flags: ConfigFlags & { json?: true }) => {
    const { showConfig } = await import('./commands/config.ts');
    say(showConfig(readConfig(flags, process.env), flags.json === true));
  });

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

function say(line: string): void {
  process.stdout.write(`${line}\n`);
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
