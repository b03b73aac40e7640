import path from 'node:path';
import type { Disk } from './disk.ts';
import { replayFolder, type ReplayOptions } from './replay.ts';

/** A folder in which only this process writes. */
export interface OwnFolder {
  readonly folder: string;
  /** For a folder in which something waits: another process takes it over. */
  leave(): void;
  /** For one in which nothing does. */
  remove(): void;
}

const FOLDER_NAME = /^[0-9a-f]{16}$/;

/**
 * The lock comes first and stands beside the folder, so that nobody can take a folder over that is just being made.
 * @param root where the folders of all processes are @param name 16 hexadecimal digits that nobody had before
 */
export async function claimFolder(disk: Disk, root: string, name: string): Promise<OwnFolder> {
  disk.makeFolder(root);
  const lock = path.join(root, `${name}.lock`);
  const release = await disk.lock(lock);
  if (release === null) throw new Error(`The spool ${name} is in use.`);
  const folder = path.join(root, name);
  disk.makeFolder(folder);
  return {
    folder,
    leave: release,
    remove: () => {
      disk.removeFolder(folder);
      release();
      disk.remove(lock);
    },
  };
}

/** Takes over, one after the other, the folders of processes that are no more. @returns false when it was stopped */
export async function replayOthers(root: string, ownName: string, options: ReplayOptions): Promise<boolean> {
  const { disk } = options;
  for (const name of disk.list(root).filter((found) => FOLDER_NAME.test(found) && found !== ownName)) {
    const lock = path.join(root, `${name}.lock`);
    const release = await disk.lock(lock);
    if (release === null) continue;
    try {
      const folder = path.join(root, name);
      const replayed = await replayFolder(folder, options);
      if (replayed === 'stopped') return false;
      // What can't be read may still tell a person something.
      if (replayed === 'damaged') disk.rename(folder, `${folder}.damaged`);
      else disk.removeFolder(folder);
    } finally {
      release();
    }
    disk.remove(lock);
  }
  return true;
}
