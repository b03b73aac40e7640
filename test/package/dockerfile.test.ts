import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { settingFacts } from '../../src/config/setting.ts';
import { settingsSchema } from '../../src/config/settings.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const instructions = read('Dockerfile')
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [keyword = '', ...rest] = line.split(/\s+/);
    return { keyword, rest: rest.join(' ') };
  });
const lastStage = instructions.slice(instructions.findLastIndex(({ keyword }) => keyword === 'FROM'));

function only(keyword: string, among = lastStage): string {
  const found = among.filter((one) => one.keyword === keyword);
  assert.equal(found.length, 1, `one ${keyword}`);
  return found[0]?.rest ?? '';
}

describe('the image', () => {
  test('is built in stages, from images whose tag names an exact version that the package supports', () => {
    const bases = instructions.filter(({ keyword }) => keyword === 'FROM').map(({ rest }) => rest.split(' ')[0] ?? '');
    assert.ok(bases.length > 1);
    for (const base of bases) {
      const [, major, minor] = /^node:(\d+)\.(\d+)\.\d+-slim$/.exec(base) ?? [];
      assert.ok(Number(major) > 22 || (Number(major) === 22 && Number(minor) >= 19), base);
    }
  });

  test('runs as a user who is not root, set after everything is in place', () => {
    assert.equal(only('USER'), 'node');
    const afterUser = lastStage.slice(lastStage.findIndex(({ keyword }) => keyword === 'USER'));
    assert.ok(afterUser.every(({ keyword }) => !['COPY', 'ADD', 'RUN'].includes(keyword)));
  });

  test('starts the gateway without a shell in between, so that signals reach it', () => {
    const command = z.array(z.string()).parse(JSON.parse(only('ENTRYPOINT')));
    assert.deepEqual(command, ['node', '/app/dist/src/cli.js']);
    assert.deepEqual(JSON.parse(only('CMD')), ['start']);
    const [, healthcheck = ''] = /CMD (\[.*\])$/.exec(only('HEALTHCHECK')) ?? [];
    assert.deepEqual(JSON.parse(healthcheck), [...command, 'health']);
  });

  test('keeps data on its one volume and exposes the port of the settings', () => {
    const environment = Object.fromEntries(
      only('ENV')
        .split(' ')
        .map((pair) => pair.split('=')),
    );
    assert.equal(environment['OUTCROP_DATA_DIR'], only('VOLUME'));
    assert.equal(only('EXPOSE'), String(settingsSchema.shape.port.parse(undefined)));
  });

  test('has no secret, neither in its variables nor among its files', () => {
    const secrets = Object.values(settingsSchema.shape).flatMap((setting) => {
      const facts = settingFacts.get(setting);
      return facts?.secret === true ? facts.env : [];
    });
    const variables = instructions.filter(({ keyword }) => keyword === 'ENV' || keyword === 'ARG');
    for (const { rest } of variables) {
      assert.ok(!secrets.some((name) => rest.includes(name)) && !/SECRET|TOKEN|PASSWORD|_KEY/.test(rest), rest);
    }
  });

  test('copies only what is there and what .dockerignore lets through', () => {
    const [everything, ...allowed] = read('.dockerignore').trim().split('\n');
    assert.equal(everything, '*');
    const copied = instructions
      .filter(({ keyword, rest }) => keyword === 'COPY' && !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    assert.deepEqual(copied.map((file) => `!${file}`).toSorted(), allowed.toSorted());
    assert.deepEqual(
      copied.filter((file) => !existsSync(path.join(ROOT, file))),
      [],
    );
  });
});
