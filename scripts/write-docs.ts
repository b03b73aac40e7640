/** Writes the pages of `docs/` that come from the code. With `--check` it writes nothing and fails when one differs. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { writtenPages } from './pages/index.ts';

const root = new URL('../', import.meta.url);
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

for (const [file, text] of await writtenPages()) {
  if (!options.check) {
    await writeFile(new URL(file, root), text);
  } else if ((await readFile(new URL(file, root), 'utf8').catch(() => '')) !== text) {
    console.error(`${file} is not what the code says: run "npm run write-docs".`);
    process.exitCode = 1;
  }
}
