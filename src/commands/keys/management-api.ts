import { z } from 'zod';
import { CommandError } from '../command-error.ts';

/** One question to the management API of a running gateway. */
export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** Asks, and takes only an answer of the form that is given. @throws CommandError */
export type Ask = <Answer>(question: Question, form: z.ZodType<Answer>) => Promise<Answer>;

const TIMEOUT_MS = 30_000;
const REFUSED = z.object({ error: z.object({ message: z.string(), param: z.string().nullish() }) });

/** What a person typed for a field of the API. */
const OPTIONS: Readonly<Record<string, string>> = {
  key_alias: '--alias',
  team_id: '--team',
  user_id: '--user',
  models: '--models',
  allowed_operations: '--operations',
  allowed_resources: '--resources',
  allowed_regions: '--regions',
  allowed_source_addresses: '--sources',
  duration: '--expires',
  tags: '--tags',
  grace_period: '--grace',
  group_by: '--by',
  bucket: '--bucket',
  since: '--since',
  until: '--until',
  order: '--order',
  key: '--key',
  team: '--team',
  user: '--user',
  customer: '--customer',
  tag: '--tag',
  model: '--model',
  region: '--region',
  service: '--service',
  operation: '--operation',
};

/** @param url the gateway's own address, without `/bedrock`. @throws CommandError for what is no such address */
export function connectManagementApi(url: string, key: string): Ask {
  const base = baseOf(url);
  return async ({ method, path, query = {}, body }, form) => {
    const address = new URL(base + path);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    const { status, text } = await send(address, base, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = parse(text);
    if (status === 200) {
      const taken = form.safeParse(answer);
      if (taken.success) return taken.data;
    }
    const refused = REFUSED.safeParse(answer);
    if (!refused.success || status < 400) {
      throw new CommandError(
        `${base} answered ${status}, not as the management API of Outcrop does: is --url the gateway?`,
      );
    }
    throw new CommandError(withOption(refused.data.error));
  };
}

async function send(address: URL, base: string, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    // A key goes to the address that was given and to no other.
    const answer = await fetch(address, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new CommandError(`${base} did not answer within ${TIMEOUT_MS / 1000} s.`);
    }
    throw new CommandError(
      `No gateway answers at ${base} (${reasonOf(error)}): start one with "outcrop start", or say with --url where it is.`,
    );
  }
}

function baseOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new CommandError('--url must be an http:// or https:// address, such as http://127.0.0.1:4000.');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new CommandError('--url must be an address without user, query or fragment.');
  }
  const prefix = url.pathname.replace(/\/+$/, '');
  if (prefix.endsWith('/bedrock')) {
    throw new CommandError('--url is the address of the gateway itself, without the /bedrock that clients use.');
  }
  return url.origin + prefix;
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return 'it can not be reached';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function withOption({ message, param }: { message: string; param?: string | null | undefined }): string {
  const line = printable(message);
  const option = param === null || param === undefined ? undefined : OPTIONS[param];
  if (option === undefined) return line;
  return `${option}: ${line.startsWith(`${param}: `) ? line.slice(`${param}: `.length) : line}`;
}

/** Text of somebody else on one line, without what a terminal would act upon. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
