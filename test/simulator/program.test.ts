import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isObject, objectAt } from '../../simulator/json.ts';
import { SERVICE_IDS, startSimulator } from '../../simulator/index.ts';

const PROGRAM = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url));

describe('the program', () => {
  it('says where it listens, and ends on SIGTERM', async () => {
    const program = spawn(process.execPath, [PROGRAM, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(program, 'close');
    let text = '';
    for await (const piece of program.stdout.setEncoding('utf8')) {
      text += String(piece);
      if (text.endsWith('}\n')) break;
    }
    const where: unknown = JSON.parse(text);
    assert.ok(isObject(where));
    assert.equal(Object.keys(objectAt(where, 'origins')).length, SERVICE_IDS.length);
    const url = objectAt(where, 'environment')['AWS_ENDPOINT_URL_BEDROCK_RUNTIME'];
    assert.equal((await fetch(String(url))).status, 404);
    program.kill('SIGTERM');
    assert.deepEqual(await closed, [0, null]);
  });

  it('fails with one line on a port that is no number', async () => {
    const program = spawn(process.execPath, [PROGRAM, '--port-base', 'x'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const closed = once(program, 'close');
    const lines: string[] = [];
    for await (const piece of program.stderr.setEncoding('utf8')) lines.push(String(piece));
    assert.deepEqual(lines, ['x is not a natural number.\n']);
    assert.deepEqual(await closed, [1, null]);
  });
});

describe('starting', () => {
  it('fails as a whole when one port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(address !== null && typeof address !== 'string');
    await assert.rejects(startSimulator({ ports: { 'bedrock-agentcore': address.port } }), { code: 'EADDRINUSE' });
    taken.close();
  });

  it('gives each service a port of its own and names the variables that point there', async () => {
    const simulator = await startSimulator();
    try {
      assert.equal(new Set(Object.values(simulator.origins)).size, 8);
      assert.deepEqual(Object.keys(simulator.environment).sort(), [
        'AWS_ENDPOINT_URL_BEDROCK',
        'AWS_ENDPOINT_URL_BEDROCK_AGENT',
        'AWS_ENDPOINT_URL_BEDROCK_AGENTCORE',
        'AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL',
        'AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME',
        'AWS_ENDPOINT_URL_BEDROCK_DATA_AUTOMATION',
        'AWS_ENDPOINT_URL_BEDROCK_DATA_AUTOMATION_RUNTIME',
        'AWS_ENDPOINT_URL_BEDROCK_RUNTIME',
      ]);
    } finally {
      await simulator.close();
    }
  });
});
