/**
 * Loaded into the process of every test file: one that hangs says what keeps it alive and fails, where node's runner
 * would wait for ever (`--test-timeout` ends tests, not files).
 */
import { writeSync } from 'node:fs';

/** Far above what a file may take. */
const FILE_MS_MAX = Number(process.env['OUTCROP_TEST_FILE_MS_MAX'] ?? 300_000);

// The runner itself loads this too, and may take as long as all files need.
if (process.env['NODE_TEST_CONTEXT'] !== undefined) {
  setTimeout(() => {
    const alive = process.getActiveResourcesInfo().join(', ');
    writeSync(2, `${process.argv[1]} still ran after ${FILE_MS_MAX / 1000} s, kept alive by: ${alive}\n`);
    process.exit(1);
  }, FILE_MS_MAX).unref();
}
