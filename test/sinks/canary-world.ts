import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Simulator } from '../../simulator/index.ts';
import type { Haystack } from './canary-search.ts';
import { CANARY_SINKS, ECHO } from './canary-sinks.ts';
import { KafkaBroker } from './kafka-broker.ts';
import { MailReceiver } from './mail-receiver.ts';
import { Receiver, type Received } from './receiver.ts';

/** By what a failing test calls what a sink proves itself with. */
export function ownName(sink: string): string {
  return `own of ${sink}`;
}

/** All that gateways say to anybody, and what they store. */
export class World {
  readonly haystacks: Haystack[] = [];
  readonly received = new Map<string, Received[]>();
  readonly receivers = new Map<string, Receiver>();
  readonly mail: MailReceiver;
  readonly kafka: KafkaBroker;
  /** Whether receivers take what they are sent; else they refuse it, and repeat all of it. */
  #isWell = false;

  /**
   * @param tls of those that get no password without it
   * @param ownOf what a sink proves itself with
   */
  constructor(tls: { readonly cert: string; readonly key: string }, ownOf: (sink: string) => string) {
    this.mail = new MailReceiver({ ...tls, onAuth: (_login, _session, done) => done(null, { user: 'outcrop' }) });
    this.mail.answers = { data: () => (this.#isWell ? null : 451) };
    this.kafka = new KafkaBroker({ tls, login: { username: 'outcrop', password: ownOf('kafka') } });
    this.kafka.mood = 'error';
    for (const { name, answer = () => ({ status: 200 }), grants } of CANARY_SINKS) {
      const received: Received[] = [];
      this.received.set(name, received);
      const receiver = new Receiver((request) => {
        received.push(request);
        return grants?.(request, ownOf(name)) ?? (this.#isWell ? answer(request) : ECHO(request));
      });
      this.receivers.set(name, receiver);
    }
  }

  add(place: string, found: Buffer | string, allowed: readonly string[] = []): void {
    this.haystacks.push({ place, bytes: Buffer.from(found), allowed });
  }

  /** From now on receivers take whatever comes. */
  heal(): void {
    this.#isWell = true;
    this.kafka.mood = 'well';
  }

  async start(): Promise<void> {
    await this.mail.start();
    await this.kafka.start();
    for (const receiver of this.receivers.values()) await receiver.start();
  }

  /** What receivers have got: of its own secret only the head of a request may tell. */
  addReceived(): void {
    for (const { name, usesGatewayCredentials } of CANARY_SINKS) {
      const own = [ownName(name), ...(usesGatewayCredentials === true ? ['awsSessionToken'] : [])];
      for (const { headers, target, body, text } of this.received.get(name) ?? []) {
        this.add(`the head of a request to ${name}`, `${target}\n${JSON.stringify(headers)}`, own);
        this.add(`the body of a request to ${name}`, body);
        this.add(`the body of a request to ${name}, unzipped`, text);
      }
    }
    for (const { raw, text } of this.mail.mails) this.add('a mail', `${raw}\n${text}`);
    for (const { body, text } of this.kafka.received) {
      this.add('records in Kafka', body);
      this.add('records in Kafka, unzipped', text);
    }
  }

  /** What Bedrock has got. The query of a request is the client's own, and travels as it is. */
  addForwarded(simulator: Simulator): void {
    for (const { method, target, rawHeaders, body } of simulator.requests()) {
      const allowed = ['awsSessionToken', 'awsBearerToken', 'query'];
      this.add('the head of a request to Bedrock', JSON.stringify([method, target, rawHeaders]), allowed);
      this.add('the body of a request to Bedrock', body);
    }
  }

  addFolder(folder: string, about: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      this.add(`${about}: ${path.relative(folder, file)}`, readFileSync(file));
    }
  }
}
