import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const SCRIPT = fileURLToPath(new URL('fill-disk.ts', import.meta.url));

/** A disk of its own for one command: mounted where nobody else sees it, and gone with the command. */
const MOUNT = 'mount -t tmpfs -o size=8m,mode=700 tmpfs "$0" && exec "$@"';

const FOUND = z.object({
  refusal: z.string().nullable(),
  openWhenFull: z.number(),
  begun: z.number(),
  stored: z.number(),
  levels: z.array(z.string()),
});

const folder = mkdtempSync(path.join(tmpdir(), 'outcrop-full-'));
after(() => rmSync(folder, { recursive: true }));

/** What lets this user mount: being root, or being root in a user namespace. Null where neither is allowed. */
function unshareFlags(): readonly string[] | null {
  const ways = [['--mount'], ['--mount', '--map-root-user']];
  return ways.find((flags) => onSmallDisk(flags, 'true').status === 0) ?? null;
}

function onSmallDisk(flags: readonly string[], ...command: readonly string[]) {
  return spawnSync('unshare', [...flags, 'sh', '-c', MOUNT, folder, ...command], { encoding: 'utf8', timeout: 60_000 });
}

const flags = unshareFlags();
const skip = flags === null ? 'needs the right to mount a tmpfs' : false;
if (flags === null) {
  if (process.env['CI'] === 'true') throw new Error(`A test ${skip}.`);
  console.warn(`SKIPPED: the ledger on a full disk ${skip}`);
}

test(
  'on a disk that is really full new calls are refused, running ones end, and all of them are stored',
  { skip },
  () => {
    const { stdout, stderr, status } = onSmallDisk(flags ?? [], process.execPath, SCRIPT, folder);
    assert.equal(status, 0, stderr);
    const found = FOUND.parse(JSON.parse(stdout));
    assert.equal(found.refusal, 'spoolFull');
    assert.equal(found.openWhenFull, 0);
    assert.ok(found.begun > 1000, `${found.begun}`);
    assert.equal(found.stored, found.begun);
    // The store is down, the disk is full, there is room again, the store is back: one line each.
    assert.deepEqual(found.levels.toSorted(), ['error', 'info', 'info', 'warn']);
  },
);
