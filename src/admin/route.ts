import type { Origin } from '../domain/audit.ts';
import type { z } from '@hono/zod-openapi';
import type { Access, Actor } from './actor.ts';
import { actorName } from './actor.ts';
import { type FieldTable, takeFields, unknownField } from './fields.ts';
import type { AdminChange, AdminParts } from './ports.ts';
import { Problem, shownField } from './problem.ts';

/** A request that has been let in, as handlers see it. */
export interface AdminRequest {
  readonly actor: Actor;
  readonly parts: AdminParts;
  readonly sourceAddress: string | null;
  /** In whose name the actor says to act; null for its own. */
  readonly onBehalfOf: string | null;
  /** The header, where there is one. */
  readonly accept: string | null;
}

/** What a handler answers. */
export interface Answer {
  /** Sent as JSON; a text as it is. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One route of the management API: everything about it but its place in the list. */
interface RouteFacts<Input> {
  readonly method: 'get' | 'post' | 'patch';
  /** With `{name}` for what is taken from the path into the input. */
  readonly path: string;
  readonly summary: string;
  readonly access: Exclude<Access, 'public'>;
  /** The query of a GET, else the body; and the names in the path. */
  readonly input: z.ZodType<Input>;
  /** What becomes of LiteLLM's fields; without one, only the fields of `input` are known. */
  readonly fields?: FieldTable;
  readonly answer: z.ZodType;
  /** @throws Problem */
  readonly handle: (input: Input, request: AdminRequest) => Promise<Answer>;
}

/** A route whose kind of input is its own business. */
export interface Route extends Omit<RouteFacts<never>, 'input' | 'handle'> {
  readonly input: z.ZodType;
  /** @throws Problem 422 naming a field, and what the handler throws */
  readonly run: (raw: Readonly<Record<string, unknown>>, request: AdminRequest) => Promise<Answer>;
}

export function defineRoute<Input>({ handle, ...facts }: RouteFacts<Input>): Route {
  return {
    ...facts,
    run: (raw, request) => handle(parseInput(raw, facts.input, facts.fields ?? null), request),
  };
}

/** A change by the actor of a request, under an action's name in the audit. */
export function changing<Result>(
  request: AdminRequest,
  action: string,
  work: (change: AdminChange) => Promise<Result>,
): Promise<Result> {
  return request.parts.store.change(originOf(request, action), work);
}

/** What the audit row of a change says beside the objects. */
export function originOf({ actor, sourceAddress, onBehalfOf }: AdminRequest, action: string): Origin {
  return { actor: actorName(actor), action, sourceAddress, onBehalfOf };
}

/** @param table null for requests that are not LiteLLM's. @throws Problem 422 naming a field */
export function parseInput<Input>(
  raw: Readonly<Record<string, unknown>>,
  schema: z.ZodType<Input>,
  table: FieldTable | null,
): Input {
  const parsed = schema.safeParse(takeFields(raw, table));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === 'unrecognized_keys') throw unknownField(...path, issue.keys[0] ?? '');
  const field = path.map(shownField).join('.').slice(0, 100);
  throw new Problem(422, `${field === '' ? 'The request' : field}: ${issue?.message ?? 'is not valid'}.`, {
    param: field === '' ? null : field,
  });
}
