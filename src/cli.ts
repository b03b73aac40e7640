#!/usr/bin/env node
import { Command } from 'commander';
import { CommandError } from './commands/command-error.ts';
import type { CreateOptions, KeyCommand } from './commands/keys/keys.ts';
import type { SinksCommand } from './commands/sinks.ts';
import type { UsageOptions } from './commands/usage.ts';
import { silenceSqliteWarning } from './quiet-sqlite.ts';
import { ownVersion } from './version.ts';
import { ConfigError, type LoadedConfig } from './config/load.ts';
import { readConfig, type ConfigFlags } from './config/read.ts';

silenceSqliteWarning();

/** What commands that talk to a running gateway are told. */
interface GatewayFlags {
  readonly url: string;
  readonly json?: true;
}

/** The width of what is not a terminal. */
const COLUMNS_DEFAULT = 100;

/** How long what is left of a gateway that has gone down may take. */
const LEFTOVERS_MS_MAX = 1000;

/** Every command and its flags. What a command does is loaded when it runs, so that the gateway pays for no other. */
const program = new Command('outcrop')
  .description('A gateway that brings Amazon Bedrock to the surface.')
  .version(ownVersion())
  .showHelpAfterError();

withConfigFlags(program.command('start', { isDefault: true }).description('run the gateway')).action(
  async (flags: ConfigFlags) => {
    const { runGateway } = await import('./main.ts');
    process.exitCode = await runGateway(readConfig(flags, process.env), say);
    // What can't be broken off, such as work on a disk that does not answer, keeps no process alive that has gone down.
    setTimeout(() => process.exit(), LEFTOVERS_MS_MAX).unref();
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

const keys = program.command('keys').description('make, see and take away the virtual keys of a running gateway');

withGatewayFlags(keys.command('create').description('make a key with a pair of virtual AWS credentials'))
  .option('--alias <name>', 'a name to find it by')
  .option('--team <id>', 'the team it belongs to')
  .option('--user <id>', 'the user it belongs to')
  .option('--models <list>', 'models it may use, such as anthropic.claude-*,amazon.nova-* (default: all)')
  .option('--operations <list>', 'operations it may call, such as bedrock-runtime:* (default: using models and agents)')
  .option('--resources <list>', 'agents, knowledge bases, guardrails … it may name, ids or ARNs (default: all)')
  .option('--regions <list>', 'AWS regions (default: all the gateway allows)')
  .option('--sources <list>', 'addresses or CIDR blocks it may be used from (default: all)')
  .option('--expires <duration>', 'how long it lives: 12h, 30d, 6mo (default: for ever)')
  .option('--tags <list>', 'tags')
  .option('--sinks <list>', 'sinks that get its calls, or "none" (default: all)')
  .option('--disabled-sinks <list>', 'sinks that do not get its calls')
  .option('--record-content <true|false>', 'whether what was asked and answered is kept (default: as the gateway does)')
  .option('--content-sample-rate <share>', 'the share of calls whose content is kept, from 0 to 1')
  .option('--redact-fields <list>', 'members of requests and answers that are not kept')
  .option('--redact-patterns <patterns...>', 'patterns of texts that are not kept, one or several')
  .action(async (flags: CreateOptions & GatewayFlags) => {
    const { createKey } = await import('./commands/keys/keys.ts');
    await createKey(flags, keyCommand(flags));
  });

withGatewayFlags(keys.command('list').description('show all keys'))
  .option('--team <id>', 'of this team only')
  .option('--user <id>', 'of this user only')
  .action(async (flags: { team?: string; user?: string } & GatewayFlags) => {
    const { listKeys } = await import('./commands/keys/keys.ts');
    await listKeys(flags, keyCommand(flags));
  });

withGatewayFlags(keys.command('show <key>').description('show one key, by its id or alias')).action(
  async (key: string, flags: GatewayFlags) => {
    const { showKey } = await import('./commands/keys/keys.ts');
    await showKey(key, keyCommand(flags));
  },
);

withGatewayFlags(keys.command('revoke <keys...>').description('take keys away for good, by id or alias')).action(
  async (references: string[], flags: GatewayFlags) => {
    const { revokeKeys } = await import('./commands/keys/keys.ts');
    await revokeKeys(references, keyCommand(flags));
  },
);

withGatewayFlags(keys.command('rotate <key>').description('give a key a new value and new AWS credentials'))
  .option('--grace <duration>', 'how long the old ones go on working, at most 31d (default: not at all)')
  .action(async (key: string, flags: { grace?: string } & GatewayFlags) => {
    const { rotateKey } = await import('./commands/keys/keys.ts');
    await rotateKey(key, flags, keyCommand(flags));
  });

withUrlFlag(
  program
    .command('credential-process')
    .description(
      'print the AWS credentials of the virtual key in OUTCROP_KEY, for credential_process in an AWS profile',
    ),
).action(async ({ url }: GatewayFlags) => {
  const { answerCredentialProcess } = await import('./commands/credential-process.ts');
  say(await answerCredentialProcess(url, { env: process.env, stdin: process.stdin }));
});

withGatewayFlags(program.command('usage').description('show what was used and what it cost, by a running gateway'))
  .option('--by <list>', 'key, team, user, customer, tag, model, region, service, operation: team,model')
  .option('--since <when>', 'a date, a moment, or how long ago: 12h, 7d, 3mo (default: 30d)')
  .option('--until <when>', 'the end, which is not included (default: now)')
  .option('--bucket <size>', 'hour, day or month (default: none)')
  .option('--order <order>', 'time or cost (default: cost without buckets)')
  .option('--key <list>', 'of these keys only, by id or alias')
  .option('--team <list>', 'of these teams only')
  .option('--user <list>', 'of these users only')
  .option('--customer <list>', 'of these end users only')
  .option('--tag <list>', 'of these tags only')
  .option('--model <list>', 'of these models only, as they were called')
  .option('--region <list>', 'of these AWS regions only')
  .option('--service <list>', 'of these services only, such as bedrock-runtime')
  .option('--operation <list>', 'of these operations only, such as Converse')
  .option('--csv', 'for spreadsheets')
  .action(async (flags: UsageOptions & GatewayFlags & { csv?: true }) => {
    const { showUsage } = await import('./commands/usage.ts');
    await showUsage(flags, { ...keyCommand(flags), csv: flags.csv === true, write });
  });

const ledger = program.command('ledger').description('look after the ledger of a running gateway');

withGatewayFlags(ledger.command('status').description('show what waits to be written')).action(
  async (flags: GatewayFlags) => {
    const { showLedgerStatus } = await import('./commands/ledger.ts');
    await showLedgerStatus(keyCommand(flags));
  },
);

withGatewayFlags(ledger.command('reprice').description('price the calls of a period by the prices in force'))
  .requiredOption('--since <when>', 'a date, a moment, or how long ago: 12h, 7d')
  .option('--until <when>', 'the end, which is not included (default: now)')
  .option('--dry-run', 'only say what would change')
  .action(async (flags: GatewayFlags & { since: string; until?: string; dryRun?: true }) => {
    const { repriceLedger } = await import('./commands/ledger.ts');
    await repriceLedger({ ...flags, dryRun: flags.dryRun === true }, keyCommand(flags));
  });

const prices = program.command('prices').description('see and refresh what calls are priced by');

withConfigFlags(prices.command('show [model]').description('show prices: of all models, or of those named'))
  .option('--json', 'for programs')
  .action(async (model: string | undefined, flags: ConfigFlags & { json?: true }) => {
    const { showPricesInForce } = await import('./commands/prices.ts');
    await showPricesInForce(readConfig(flags, process.env).settings, model, { json: flags.json === true, say });
  });

withConfigFlags(prices.command('update').description("fetch AWS's price lists, for gateways that start after it"))
  .option('--from <url>', 'where the lists are', 'https://pricing.us-east-1.amazonaws.com')
  .option('--json', 'for programs')
  .action(async (flags: ConfigFlags & { from: string; json?: true }) => {
    const { updatePrices } = await import('./commands/prices.ts');
    const { dataDir } = readConfig(flags, process.env).settings;
    await updatePrices({ url: flags.from, dataDir }, { json: flags.json === true, say });
  });

const sinks = withConfigFlags(
  program.command('sinks').description('see where call records can go, and try whether they get there'),
)
  .option('--json', 'for programs')
  .action(async (flags: ConfigFlags & { json?: true }) => {
    const { listSinks } = await import('./commands/sinks.ts');
    await listSinks(sinksCommand(flags));
  });

sinks
  .command('test <name>')
  .description('send a sample to a sink, and show what came back')
  .action(async (name: string, _: object, { parent }: Command) => {
    const { testSink } = await import('./commands/sinks.ts');
    await testSink(name, sinksCommand(parent?.opts() ?? {}));
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

function withUrlFlag(command: Command): Command {
  return command.option('--url <url>', 'address of the gateway', 'http://127.0.0.1:4000');
}

function withGatewayFlags(command: Command): Command {
  return withUrlFlag(command).option('--json', 'for programs');
}

function keyCommand({ url, json }: GatewayFlags): KeyCommand {
  return { url, json: json === true, env: process.env, stdin: process.stdin, nowMs: Date.now(), say };
}

function sinksCommand(flags: ConfigFlags & { json?: true }): SinksCommand {
  return { settings: readConfig(flags, process.env).settings, env: process.env, json: flags.json === true, say };
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
  if (error instanceof CommandError) return error.message;
  if ('code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}. Another program has the port: stop it, or choose one with --port.`;
  }
  return 'code' in error ? error.message : (error.stack ?? error.message);
}
