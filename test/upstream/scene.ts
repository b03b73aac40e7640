import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { UpstreamRequest } from '../../src/ports.ts';
import type { Http1UpstreamOptions } from '../../src/upstream/http1-upstream.ts';
import { until } from '../support/until.ts';
import { Calls, type RecordedCall } from './calls.ts';
import { clientSockets } from './client-sockets.ts';
import { eachRequest, ScriptedServer, type SeenRequest, type ServerOptions } from './scripted-server.ts';

/** A scripted server, a client of ours, and what passes between the two. */
export interface Scene {
  readonly server: ScriptedServer;
  readonly calls: Calls;
  /** All requests the server has seen whole, in order; those that came in a scene of sockets are not among them. */
  readonly seen: readonly SeenRequest[];
  send(ask?: Partial<UpstreamRequest>, ...habits: HabitsOf): RecordedCall;
  /** Sends and waits for the end. */
  whole(ask?: Partial<UpstreamRequest>): Promise<RecordedCall>;
  /** The request of a path, as soon as the server has it. */
  request(path: string): Promise<SeenRequest>;
}

type HabitsOf = Parameters<Calls['send']> extends [unknown, ...infer Rest] ? Rest : never;

interface SceneOptions extends Partial<Http1UpstreamOptions>, ServerOptions {
  /** Which calls have a receiver that throws when it hears the end. */
  readonly throwAtEnd?: readonly string[];
  /** Whether a request, by its path, is answered before its body has come. */
  readonly isEarly?: (path: string) => boolean;
}

/** Each request is given to `answer`. When the test is over all calls have ended once, and no socket is left. */
export function openScene(
  t: TestContext,
  answer: (request: SeenRequest) => void,
  options: SceneOptions = {},
): Promise<Scene> {
  const seen: SeenRequest[] = [];
  const serve = eachRequest((request) => {
    seen.push(request);
    answer(request);
  }, options.isEarly);
  return open(t, serve, seen, options);
}

/** Each connection is given to `serve`. */
export function openSocketScene(
  t: TestContext,
  serve: (socket: Socket, index: number) => void,
  options: SceneOptions = {},
): Promise<Scene> {
  return open(t, serve, [], options);
}

async function open(
  t: TestContext,
  serve: (socket: Socket, index: number) => void,
  seen: readonly SeenRequest[],
  { host, tls, originHost, throwAtEnd = [], ...upstream }: SceneOptions,
): Promise<Scene> {
  const place = { ...(host === undefined ? {} : { host }), ...(originHost === undefined ? {} : { originHost }) };
  const server = await ScriptedServer.open(serve, { ...place, ...(tls === undefined ? {} : { tls }) });
  const calls = new Calls(upstream);
  const throwing: RecordedCall[] = [];
  const send: Scene['send'] = (ask = {}, ...habits) => {
    const call = calls.send({ origin: server.origin, ...ask }, ...habits);
    if (throwAtEnd.includes(ask.path ?? '/')) throwing.push(call);
    return call;
  };
  t.after(async () => {
    try {
      await calls.close(throwing);
      await until(() => clientSockets.open === 0);
    } finally {
      await server.close();
    }
  });
  return {
    server,
    calls,
    seen,
    send,
    whole: async (ask) => {
      const call = send(ask);
      await call.over;
      return call;
    },
    request: async (path) => {
      for (;;) {
        const found = seen.find((request) => request.path === path);
        if (found !== undefined) return found;
        await until(() => seen.some((request) => request.path === path));
      }
    },
  };
}
