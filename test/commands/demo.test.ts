import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { Paragraph } from '../../src/commands/demo/paragraph.ts';
import { needs } from '../support/needs.ts';
import { runOutcrop, startOutcrop, type Run } from './run-outcrop.ts';

const runFile = promisify(execFile);

describe('the demo that ends after its requests', () => {
  test('shows each of the six operations with an answer of the simulator, whatever the environment says', async () => {
    const env = {
      OUTCROP_MASTER_KEY: 'sk-real',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_ACCESS_KEY_ID: 'AKIAREAL',
    };
    const { code, output, errors } = await runOutcrop(['demo', '--once', '--port', '0'], { env });
    assert.equal(errors, '');
    assert.equal(code, 0);
    const operations = ['Converse', 'ConverseStream', 'InvokeModel', 'ApplyGuardrail', 'Retrieve', 'InvokeAgent'];
    const sections = output.split('\n\n').slice(1);
    assert.deepEqual(
      sections.map((section) => section.slice(0, section.indexOf(':'))),
      operations,
    );
    for (const section of sections) {
      assert.match(section, /^ {2}\$ curl -X POST 'http:\/\/127\.0\.0\.1:\d+\/bedrock\//m);
      assert.match(section, /^ {4}\S/m);
      assert.match(section, /^ {2}200 /m);
    }
    assert.match(output, /Sorry, the model cannot answer/);
    assert.ok(!output.includes('\u001b'), 'colours are for terminals');
  });

  test('says so when the port it was given is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    const { code, errors } = await runOutcrop(['demo', '--once', '--port', String(address.port)]);
    other.close();
    assert.equal(code, 1);
    assert.match(errors, /^outcrop: .*EADDRINUSE.*choose one with --port\.\n$/);
  });
});

describe('the demo that stays up', () => {
  let demo: Run;
  let pasted: { curl: string; boto3: string };

  before(async () => {
    demo = startOutcrop(['demo', '--port', '0']);
    await demo.says('Ctrl-C ends it');
    const [, curl = '', boto3 = ''] =
      /another terminal:\n\n(curl[^]*?)\n\n(python3[^]*?END)\n\n/.exec(demo.output()) ?? [];
    pasted = { curl, boto3 };
  });

  after(() => demo.child.kill('SIGKILL'));

  test('prints a curl line that works as it stands', needs('curl'), async () => {
    const { stdout } = await runFile('sh', ['-c', pasted.curl]);
    assert.match(stdout, /"stopReason":"end_turn"/);
  });

  test('prints boto3 lines that work as they stand', needs('python3 with boto3'), async () => {
    const { stdout } = await runFile('sh', ['-c', pasted.boto3]);
    assert.match(stdout, /^You asked: "Hello"\./);
  });

  test('ends on Ctrl-C', async () => {
    demo.child.kill('SIGINT');
    assert.equal(await demo.ended, 0);
  });
});

describe('a paragraph', () => {
  const written = (pieces: readonly string[], columnsMax: number): string => {
    let text = '';
    const paragraph = new Paragraph((piece) => (text += piece), '  ', columnsMax);
    for (const piece of pieces) paragraph.add(piece);
    paragraph.end();
    return text;
  };
  const rows = [
    ['breaks between words', ['one two three'], 9, '  one two\n  three\n'],
    ['is the same however it comes in pieces', ['one ', 'two', ' ', 'three'], 9, '  one two\n  three\n'],
    ['keeps a word whole that comes in pieces', ['one', 'two', 'three'], 6, '  onetwothree\n'],
    ['keeps the lines of its text', ['one\ntwo'], 80, '  one\n  two\n'],
    ['is nothing when nothing came', [], 80, ''],
  ] as const;
  for (const [name, pieces, columnsMax, expected] of rows) {
    test(name, () => assert.equal(written(pieces, columnsMax), expected));
  }
});
