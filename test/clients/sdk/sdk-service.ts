import { NormalizedSchema } from '@smithy/core/schema';
import type { ServiceId } from '../../../simulator/index.ts';
import type { SchemaRef } from './example-input.ts';

/** What the tests use of an AWS SDK client, whichever service it is for. */
export interface SdkClient {
  send(command: object): Promise<unknown>;
  destroy(): void;
}

/** One operation of a service as the AWS SDK for JavaScript models it. */
export interface SdkOperation {
  readonly name: string;
  readonly input: SchemaRef;
  /** Lower-case names of the input's headers. */
  readonly inputHeaders: readonly string[];
  command(input: object): object;
}

export interface SdkService {
  connect(config: object): SdkClient;
  operation(name: string): SdkOperation;
}

/** Prepares the AWS SDK client of a service. */
export async function loadSdkService(service: ServiceId): Promise<SdkService> {
  const module: Record<string, unknown> = await import(`@aws-sdk/client-${service}`);
  const Client = Object.entries(module).find(([name]) => /^Bedrock\w*Client$/.test(name))?.[1];
  if (!isClientClass(Client)) throw new Error(`The SDK has no client for ${service}.`);
  return {
    connect: (config) => new Client(config),
    operation: (name) => operationOf(module, name),
  };
}

function operationOf(module: Readonly<Record<string, unknown>>, name: string): SdkOperation {
  const Command = module[`${name}Command`];
  const schema = module[`${name}$`];
  if (!isCommandClass(Command) || !isOperationSchema(schema)) throw new Error(`The SDK has no command ${name}.`);
  const input = schema[4];
  return { name, input, inputHeaders: headersOf(NormalizedSchema.of(input)), command: (value) => new Command(value) };
}

function headersOf(input: NormalizedSchema): string[] {
  if (!input.isStructSchema()) return [];
  return [...input.structIterator()].flatMap(([, member]) => {
    const { httpHeader } = member.getMergedTraits();
    return httpHeader === undefined ? [] : [httpHeader.toLowerCase()];
  });
}

function isClientClass(value: unknown): value is new (config: object) => SdkClient {
  return typeof value === 'function';
}

function isCommandClass(value: unknown): value is new (input: object) => object {
  return typeof value === 'function';
}

/** The first element of an operation's schema is 9; input and output stand at the end. */
function isOperationSchema(value: unknown): value is readonly [9, string, string, unknown, SchemaRef, SchemaRef] {
  return Array.isArray(value) && value[0] === 9 && value.length === 6;
}
