import type { Disk, DiskFile } from '../../src/ledger/disk.ts';

interface SimulatedFile {
  bytes: Buffer;
  /** What a loss of power leaves of it. */
  safe: Buffer;
  /** Whether a loss of power leaves the file itself. */
  isNamed: boolean;
}

/** A disk in memory whose process can be killed, whose power can be cut, and that can be full or broken. */
export class SimulatedDisk {
  readonly #files = new Map<string, SimulatedFile>();
  readonly #folders = new Set<string>();
  readonly #locks = new Map<string, symbol>();
  /** How many bytes all files together may have. */
  capacity = Infinity;
  /** What every `sync` fails with. */
  syncError: Error | null = null;
  /** What every write fails with. */
  writeError: Error | null = null;
  /** Held back while set: syncs wait for it. */
  syncGate: Promise<void> = Promise.resolve();
  syncs = 0;
  writes = 0;

  get used(): number {
    return [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  names(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  bytesOf(name: string): Buffer {
    return this.#file(name).bytes;
  }

  /** Changes a file behind everybody's back. */
  damage(name: string, change: (bytes: Buffer) => Buffer): void {
    const file = this.#file(name);
    file.bytes = change(Buffer.from(file.bytes));
  }

  /** The disk as one process sees it. */
  process(): { readonly disk: Disk; readonly kill: () => void } {
    const owner = Symbol('process');
    let isAlive = true;
    const alive = <Result>(work: () => Result): Result => {
      if (!isAlive) throw new Error('This process is dead.');
      return work();
    };
    return {
      disk: this.#diskOf(owner, alive),
      kill: () => {
        isAlive = false;
        for (const [name, holder] of this.#locks) if (holder === owner) this.#locks.delete(name);
      },
    };
  }

  /**
   * Takes away what was not safe.
   * @param kept how many bytes of what was written behind the safe part of a file happen to be there nevertheless
   */
  losePower(kept: (unsafeBytes: number) => number = () => 0): void {
    this.#locks.clear();
    for (const [name, file] of this.#files) {
      if (!file.isNamed) {
        this.#files.delete(name);
        continue;
      }
      const unsafe = Math.max(0, file.bytes.length - file.safe.length);
      file.bytes = Buffer.concat([file.safe, file.bytes.subarray(file.safe.length, file.safe.length + kept(unsafe))]);
    }
  }

  #diskOf(owner: symbol, alive: <Result>(work: () => Result) => Result): Disk {
    return {
      makeFolder: (folder) => alive(() => void this.#folders.add(folder)),
      list: (folder) => alive(() => this.#list(folder)),
      create: (name) =>
        alive(() => {
          if (this.#files.has(name)) throw coded('EEXIST');
          if (this.used >= this.capacity) throw coded('ENOSPC');
          const file: SimulatedFile = { bytes: Buffer.alloc(0), safe: Buffer.alloc(0), isNamed: false };
          this.#files.set(name, file);
          return this.#open(file, alive);
        }),
      read: (name) => alive(() => pieces(this.#file(name).bytes)),
      append: (name, bytes) =>
        alive(() => {
          const file = this.#files.get(name) ?? { bytes: Buffer.alloc(0), safe: Buffer.alloc(0), isNamed: true };
          if (this.used + bytes.length > this.capacity) throw coded('ENOSPC');
          file.bytes = Buffer.concat([file.bytes, bytes]);
          this.#files.set(name, file);
        }),
      rename: (from, to) => alive(() => this.#rename(from, to)),
      remove: (name) => alive(() => void this.#files.delete(name)),
      removeFolder: (folder) =>
        alive(() => {
          this.#folders.delete(folder);
          for (const name of this.names()) if (name.startsWith(`${folder}/`)) this.#files.delete(name);
        }),
      syncFolder: (folder) =>
        alive(() => {
          for (const [name, file] of this.#files) if (name.startsWith(`${folder}/`)) file.isNamed = true;
        }),
      lock: async (name) =>
        alive(() => {
          if (this.#locks.has(name)) return null;
          this.#locks.set(name, owner);
          return () => {
            if (this.#locks.get(name) === owner) this.#locks.delete(name);
          };
        }),
    };
  }

  #open(file: SimulatedFile, alive: <Result>(work: () => Result) => Result): DiskFile {
    let isOpen = true;
    const opened = <Result>(work: () => Result): Result =>
      alive(() => {
        if (!isOpen) throw coded('EBADF');
        return work();
      });
    return {
      write: (bytes, length, position) =>
        opened(() => {
          if (this.writeError !== null) throw this.writeError;
          this.writes += 1;
          const growth = Math.max(0, position + length - file.bytes.length);
          const taken = length - Math.max(0, growth - (this.capacity - this.used));
          if (taken <= 0) throw coded('ENOSPC');
          const whole = Buffer.alloc(Math.max(file.bytes.length, position + taken));
          file.bytes.copy(whole);
          whole.set(bytes.subarray(0, taken), position);
          file.bytes = whole;
          return taken;
        }),
      truncate: (bytes) =>
        opened(() => {
          file.bytes = Buffer.from(file.bytes.subarray(0, bytes));
        }),
      sync: async () => {
        const { bytes } = opened(() => file);
        await this.syncGate;
        if (this.syncError !== null) throw this.syncError;
        this.syncs += 1;
        file.safe = Buffer.from(bytes);
      },
      close: () =>
        opened(() => {
          isOpen = false;
        }),
    };
  }

  #list(folder: string): readonly string[] {
    const inside = [...this.#files.keys(), ...this.#folders].filter((name) => name.startsWith(`${folder}/`));
    return [...new Set(inside.map((name) => name.slice(folder.length + 1).split('/')[0] ?? ''))].sort();
  }

  #rename(from: string, to: string): void {
    for (const [name, file] of this.#files) {
      if (name !== from && !name.startsWith(`${from}/`)) continue;
      this.#files.delete(name);
      this.#files.set(to + name.slice(from.length), file);
    }
    if (this.#folders.delete(from)) this.#folders.add(to);
  }

  #file(name: string): SimulatedFile {
    const file = this.#files.get(name);
    if (file === undefined) throw coded('ENOENT');
    return file;
  }
}

/** Odd pieces, so that frames are cut by them. */
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
}

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}
