import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { AlertFacts } from '../../src/domain/alert.ts';
import { prepareSinks } from '../../src/sinks/prepare-sinks.ts';
import { SinkSettingsError } from '../../src/sinks/define-sink.ts';
import { trySink } from '../../src/sinks/try-sink.ts';
import { needs } from '../support/needs.ts';
import { createTrust, makeSelfSigned } from '../support/self-signed.ts';
import { until } from '../support/until.ts';
import { listen } from './bare-port.ts';
import { MailReceiver, overhear } from './mail-receiver.ts';
import { testContext } from './otel-collector.ts';
import { openTestSinks, settingsOf, type TestSinksOptions } from './test-sinks.ts';

const SPOOL: AlertFacts = { kind: 'spoolFilling', bytes: 1, bytesMax: 2 };
const target = (reason: string): AlertFacts => ({
  kind: 'targetFailing',
  service: 'bedrock-runtime',
  region: 'us-east-1',
  reason,
});

const LOGIN = { smtp_username: 'outcrop', smtp_password: 'open sesame' };

const open = (port: number, more: Record<string, unknown> = {}, options: TestSinksOptions = {}) =>
  openTestSinks(
    [
      settingsOf('email', {
        smtp_host: '127.0.0.1',
        smtp_port: port,
        smtp_sender_email: 'outcrop@example.com',
        smtp_recipients: 'ops@example.com, second@example.org',
        ...more,
      }),
    ],
    options,
  );

async function started(...given: ConstructorParameters<typeof MailReceiver>): Promise<MailReceiver> {
  const receiver = new MailReceiver(...given);
  await receiver.start();
  return receiver;
}

describe('alerts by e-mail', () => {
  test('come as one mail for those that come together, to everybody who shall have them', async () => {
    const receiver = await started({ hideSTARTTLS: true });
    const sinks = await open(receiver.port);
    sinks.alert(SPOOL);
    sinks.alert(target('keine Antwort: Zeitüberschreitung'));
    await until(() => sinks.one().delivered === 2);
    const [mail] = receiver.mails;
    assert.ok(mail !== undefined);
    assert.equal(receiver.mails.length, 1);
    assert.deepEqual([mail.from, mail.to], ['outcrop@example.com', ['ops@example.com', 'second@example.org']]);
    assert.deepEqual(mail.headers.get('auto-submitted'), ['auto-generated']);
    assert.match(mail.headers.get('subject')?.join() ?? '', /^Outcrop: 2 alerts: The spool has/);
    assert.match(mail.headers.get('message-id')?.join() ?? '', /^<[^<>]+@example\.com>$/);
    const lines = mail.text.trimEnd().split('\r\n');
    assert.match(lines[0] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}The spool has 0 of 0 MiB/);
    assert.match(lines[1] ?? '', /bedrock-runtime in us-east-1 fails: keine Antwort: Zeitüberschreitung$/);
    assert.equal(lines.length, 2);
    await sinks.kill();
  });

  test('have the headers that we write and no other, whatever is in the text of an alert', async () => {
    const receiver = await started({ hideSTARTTLS: true });
    const sinks = await open(receiver.port);
    const evil = 'x\r\nBcc: evil@example.com\r\n\r\n.\r\nMAIL FROM:<evil@example.com>\r\n\u2028\u0000y\u202ez';
    sinks.alert(target(evil));
    await until(() => sinks.one().delivered === 1);
    const [mail] = receiver.mails;
    assert.equal(receiver.mails.length, 1);
    assert.deepEqual(mail?.to, ['ops@example.com', 'second@example.org']);
    assert.deepEqual([...(mail?.headers.keys() ?? [])].sort(), [
      'auto-submitted',
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
    ]);
    assert.ok([...(mail?.headers.values() ?? [])].every(({ length }) => length === 1));
    assert.match(mail?.headers.get('subject')?.join() ?? '', /fails: x Bcc: evil@example.com . MAIL FROM:/);
    assert.match(mail?.text ?? '', /^\S+ {2}bedrock-runtime .* y z\r\n$/);
    await sinks.kill();
  });

  test('that the receiver never wants are refused, and those that it does not want now come again', async () => {
    const receiver = await started({ hideSTARTTLS: true });
    let tries = 0;
    receiver.answers = { data: () => ((tries += 1) === 1 ? 451 : tries === 3 ? 554 : null) };
    const sinks = await open(receiver.port);
    sinks.alert(SPOOL);
    await until(() => sinks.one().failing);
    assert.equal(sinks.one().lastError?.message, 'it answered 451 to DATA');
    await until(() => sinks.one().delivered === 1);
    sinks.alert(SPOOL);
    sinks.alert(SPOOL);
    await until(() => sinks.one().refused === 2);
    assert.equal(sinks.one().lastError?.message, 'it answered 554 to DATA');
    assert.equal(tries, 3);
    await sinks.kill();
  });

  test('reach the other recipients when one of them is not wanted, which a trial tells', async () => {
    const receiver = await started({ hideSTARTTLS: true });
    receiver.answers = { recipient: (address) => (address.startsWith('ops') ? 550 : null) };
    const options = {
      smtp_host: '127.0.0.1',
      smtp_port: String(receiver.port),
      smtp_sender_email: 'outcrop@example.com',
      smtp_recipients: ['ops@example.com', 'second@example.org'],
    };
    const [entry] = await prepareSinks([settingsOf('smtp_email', options)], {});
    assert.ok(entry !== undefined);
    const context = testContext('smtp_email');
    const { taken, reason } = await trySink(entry, context, 'sample');
    await context.end();
    assert.equal(taken, true);
    assert.equal(reason, 'it took the mail for 1 of 2 recipients (550 to RCPT TO)');
    assert.deepEqual(receiver.mails[0]?.to, ['second@example.org']);
  });

  test('never wait longer than they may: for a receiver that is silent, away, or slow without end', async () => {
    const trickle = await listen((socket) => {
      const timer = setInterval(() => socket.write('2'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const silent = await listen(() => undefined);
    const reset = await listen((socket) => void socket.resetAndDestroy());
    for (const [port, expected] of [
      [trickle, 'it did not answer within 0.1 s'],
      [silent, 'it did not answer within 0.1 s'],
      [reset, /^it can not be reached \(E[A-Z]+\)$/],
    ] as const) {
      const sinks = await open(port, {}, { bounds: { patienceMs: 0 }, requestTimeoutMs: 100 });
      sinks.alert(SPOOL);
      await until(() => sinks.one().dropped === 1);
      const message = sinks.one().lastError?.message ?? '';
      if (typeof expected === 'string') assert.equal(message, expected);
      else assert.match(message, expected);
      await sinks.kill();
    }
  });

  test('are broken off when the gateway ends', async () => {
    const silent = await listen(() => undefined);
    const sinks = await open(silent);
    sinks.alert(SPOOL);
    await until(() => sinks.one().queued === 1);
    const startedMs = performance.now();
    await sinks.kill();
    assert.ok(performance.now() - startedMs < 1000);
  });

  test('settings that do not go together, and addresses that are none, are told by name', async () => {
    const lines = async (more: Record<string, unknown>): Promise<string> => {
      try {
        await open(25, more);
      } catch (error) {
        if (error instanceof SinkSettingsError) return error.lines.join('\n');
        throw error;
      }
      return '';
    };
    assert.match(await lines({ smtp_username: 'secret' }), /^sink email: smtp_username and smtp_password go together/);
    assert.match(await lines({ smtp_sender_email: 'a@b\r\nBcc: secret' }), /smtp_sender_email .*: must be an address/);
    assert.match(await lines({ smtp_recipients: 'ops@example.com,"x" <secret@y>' }), /smtp_recipients .*: must be/);
    assert.match(await lines({ smtp_recipients: ' , ' }), /smtp_recipients/);
    assert.match(await lines({ smtp_host: 'a b' }), /smtp_host .*: must be a host name/);
    assert.equal(await lines({ smtp_host: '::1' }), '');
  });
});

describe('e-mail over TLS', needs('openssl'), () => {
  const made = makeSelfSigned();
  const tls = { cert: made.certificate, key: readFileSync(made.keyFile, 'utf8') };
  made.remove();
  const trust = createTrust(made.certificate);

  test('is what a password goes through, and nothing before it can be overheard', async () => {
    trust(true);
    const receiver = await started({ ...tls, authOptional: false });
    const ear = await overhear(receiver.port);
    const sinks = await open(ear.port, LOGIN);
    sinks.alert(SPOOL);
    await until(() => sinks.one().delivered === 1);
    assert.deepEqual([receiver.mails[0]?.user, receiver.mails[0]?.encrypted], ['outcrop', true]);
    assert.match(ear.heard(), /STARTTLS/);
    assert.doesNotMatch(ear.heard(), /AUTH PLAIN [A-Za-z0-9]|spool|ops@example/);
    await sinks.kill();
  });

  test('is used where it is offered, without a password too', async () => {
    trust(true);
    const receiver = await started(tls);
    const sinks = await open(receiver.port);
    sinks.alert(SPOOL);
    await until(() => sinks.one().delivered === 1);
    assert.equal(receiver.mails[0]?.encrypted, true);
    await sinks.kill();
  });

  test('is not done without when there is a password, whoever in between strikes it out', async () => {
    const receiver = await started({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'], allowInsecureAuth: true });
    const ear = await overhear(receiver.port);
    for (const more of [LOGIN, { smtp_tls: 'true' }]) {
      const sinks = await open(ear.port, more, { bounds: { patienceMs: 0 } });
      sinks.alert(SPOOL);
      await until(() => sinks.one().dropped === 1);
      assert.match(sinks.one().lastError?.message ?? '', /^it answered 5\d\d to STARTTLS$/);
      await sinks.kill();
    }
    assert.doesNotMatch(ear.heard(), /AUTH PLAIN [A-Za-z0-9]|spool|MAIL FROM/);
    assert.equal(receiver.mails.length, 0);
  });

  test('is left out where the operator says so', async () => {
    const receiver = await started({ ...tls, allowInsecureAuth: true });
    const sinks = await open(receiver.port, { ...LOGIN, smtp_tls: 'False' });
    sinks.alert(SPOOL);
    await until(() => sinks.one().delivered === 1);
    assert.deepEqual([receiver.mails[0]?.user, receiver.mails[0]?.encrypted], ['outcrop', false]);
    await sinks.kill();
  });

  test('with a certificate that nobody vouches for gets nothing, and the reason is told', async () => {
    trust(false);
    const receiver = await started({ ...tls, allowInsecureAuth: true });
    const ear = await overhear(receiver.port);
    const sinks = await open(ear.port, LOGIN, { bounds: { patienceMs: 0 } });
    sinks.alert(SPOOL);
    await until(() => sinks.one().dropped === 1);
    assert.equal(sinks.one().lastError?.message, 'it can not be reached (DEPTH_ZERO_SELF_SIGNED_CERT)');
    assert.doesNotMatch(ear.heard(), /AUTH PLAIN [A-Za-z0-9]/);
    await sinks.kill();
  });

  test('a wrong password is tried again, for the operator can mend it, and stands nowhere', async () => {
    trust(true);
    const receiver = await started({ ...tls, authOptional: false });
    const sinks = await open(receiver.port, { ...LOGIN, smtp_password: 'canary-5f1d' }, { bounds: { patienceMs: 5 } });
    sinks.alert(SPOOL);
    await until(() => sinks.one().dropped === 1);
    assert.equal(sinks.one().lastError?.message, 'it answered 535 to AUTH PLAIN');
    assert.equal(sinks.one().refused, 0);
    // The receiver repeats it in its answers, and the base64 of it went over the line.
    const told = JSON.stringify([sinks.state(), sinks.lines]);
    assert.doesNotMatch(told, /canary-5f1d|Y2FuYXJ5/);
    await sinks.kill();
  });
});
