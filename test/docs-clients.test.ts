import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { runCommand, type CommandResult } from './clients/run-command.ts';
import { needs, type Need } from './support/needs.ts';
import { MASTER_KEY, startTestGateway, type TestGateway } from './support/test-gateway.ts';

/** Runs the snippets of docs/clients.md as they stand, with nothing replaced but the gateway's address and the key. */

const DOCUMENT = new URL('../docs/clients.md', import.meta.url);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTED_ORIGIN = 'http://localhost:4000';
const DOCUMENTED_KEY = 'sk-1234';

interface Runner {
  readonly needs: readonly Need[];
  run(code: string): Promise<CommandResult>;
}

/** How each kind of snippet is run, by the word in its marker. */
const RUNNERS: Readonly<Record<string, Runner>> = {
  curl: { needs: ['curl'], run: (code) => runCommand('sh', ['-e'], { stdin: code }) },
  'aws-cli': { needs: ['awscli'], run: (code) => runCommand('sh', ['-e'], { stdin: code }) },
  boto3: { needs: ['python3 with boto3'], run: (code) => runCommand('python3', ['-'], { stdin: code }) },
  js: {
    needs: [],
    run: (code) => runCommand(process.execPath, ['--input-type=module', '-'], { stdin: code, cwd: ROOT }),
  },
};

interface Snippet {
  readonly heading: string;
  /** Undefined where nothing is said. */
  readonly marker: string | undefined;
  readonly code: string;
}

const snippets = snippetsOf(readFileSync(DOCUMENT, 'utf8'));

test('every snippet is run, or says why not', () => {
  const unmarked = snippets.filter(
    ({ marker }) => marker === undefined || !/^(test: [\w-]+|not run: .+)$/.test(marker),
  );
  assert.deepEqual(unmarked, []);
  assert.ok(snippets.length > 10);
});

describe('snippets', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway();
  });
  after(() => gateway.close());

  for (const [index, { heading, marker, code }] of snippets.entries()) {
    const kind = /^test: ([\w-]+)$/.exec(marker ?? '')?.[1];
    if (kind === undefined) continue;
    const runner = RUNNERS[kind];
    assert.ok(runner !== undefined, `no test knows how to run ${kind}`);

    test(`${heading}, snippet ${index + 1}: ${kind}`, needs(...runner.needs), async () => {
      gateway.simulator.clearRequests();
      const here = code.replaceAll(DOCUMENTED_ORIGIN, gateway.origin).replaceAll(DOCUMENTED_KEY, MASTER_KEY);
      assert.ok(here.includes(gateway.origin) && here.includes(MASTER_KEY), 'it names neither gateway nor key');
      const { exitCode, stdout, stderr } = await runner.run(here);
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /outcrop/i);
      const requests = gateway.simulator.requests();
      assert.ok(requests.length > 0);
      for (const { status, signature } of requests) assert.deepEqual([status, signature], [200, 'valid']);
    });
  }
});

/** The fenced blocks of a page, each with the comment that stands before it. */
function snippetsOf(markdown: string): readonly Snippet[] {
  const snippets: Snippet[] = [];
  let heading = '';
  let marker: string | undefined;
  let code: string[] | undefined;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) {
      if (code === undefined) code = [];
      else {
        snippets.push({ heading, marker, code: code.join('\n') });
        code = marker = undefined;
      }
    } else if (code !== undefined) code.push(line);
    else if (line.startsWith('## ')) heading = line.slice(3);
    else marker = /^<!-- (.+) -->$/.exec(line)?.[1] ?? marker;
  }
  return snippets;
}
