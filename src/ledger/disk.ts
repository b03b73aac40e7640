/**
 * What the spool needs of a file system. Errors are those of node:fs, with their `code`.
 * Writing is synchronous: a record that has been handed to the kernel outlives the process, and nothing else does.
 */
export interface Disk {
  /** With those above it; nobody else may look into it. */
  makeFolder(folder: string): void;
  /** Names, sorted; none where there is no such folder. */
  list(folder: string): readonly string[];
  /** Makes a file that was not there. Nobody else may read it. */
  create(file: string): DiskFile;
  /** A file from its beginning to its end, in pieces. */
  read(file: string): AsyncIterable<Buffer>;
  append(file: string, bytes: Uint8Array): void;
  rename(from: string, to: string): void;
  /** Nothing happens when it is not there. */
  remove(file: string): void;
  /** With everything in it. */
  removeFolder(folder: string): void;
  /** Files made or removed in it stay so when the power is lost. */
  syncFolder(folder: string): void;
  /**
   * Takes a lock that ends with the process, however that ends, and that holds across containers which share the disk.
   * @returns how to give it back; null when another holds it.
   */
  lock(file: string): Promise<(() => void) | null>;
}

/** A file to write to. */
export interface DiskFile {
  /** @returns how many bytes were written: fewer than `length` when the disk is full. */
  write(bytes: Uint8Array, length: number, position: number): number;
  truncate(bytes: number): void;
  /** What has been written stays so when the power is lost. */
  sync(): Promise<void>;
  close(): void;
}
