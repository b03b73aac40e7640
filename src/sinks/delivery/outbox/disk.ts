/** What outboxes need of a file system. Errors are those of node:fs, with their `code`. Nobody else may read the files. */
export interface OutboxDisk {
  /** With those above it. */
  makeFolder(folder: string): void;
  /** Names, sorted; none where there is no such folder. */
  list(folder: string): readonly string[];
  /** In bytes; 0 for a file that is not there. */
  size(file: string): number;
  /** Adds to the end of a file, which is made when it is not there. What was written outlives the process. */
  append(file: string, bytes: Uint8Array): void;
  /** Makes the file anew. */
  write(file: string, text: string): void;
  truncate(file: string, bytes: number): void;
  /** Empty where there is no such file. */
  read(file: string): Promise<Buffer>;
  /** Nothing happens when it is not there. */
  remove(file: string): void;
  /** With everything in it. */
  removeFolder(folder: string): void;
  /**
   * Takes a lock that ends with the process, however that ends, and that holds across containers which share the disk.
   * @returns how to give it back; null when another holds it
   */
  lock(file: string): (() => void) | null;
}
