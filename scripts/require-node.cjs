'use strict';
// Runs first in every npm script, so it is written for any Node: says in one line what to do when this one is too old.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    'Outcrop needs Node 22.19 or newer and this is ' +
      process.version +
      ': run "npm ci" (it brings its own Node on Linux and Apple silicon), or install Node 24 from https://nodejs.org',
  );
  process.exit(1);
}
