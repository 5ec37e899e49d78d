#!/usr/bin/env node
// The command `trunkline`: checks the version of Node before anything that an older one cannot read is loaded.
// Only syntax that Node 12 can parse.

const neededMajor = 24;

if (Number.parseInt(process.versions.node, 10) < neededMajor) {
  console.error(
    `trunkline needs Node ${neededMajor} or newer, this is ${process.version}: install it from https://nodejs.org; in a clone, "npm ci && npm start" brings its own.`,
  );
  process.exit(1);
}

// Node does not run TypeScript below node_modules, so the package holds compiled code instead.
void import('node:fs').then(({ existsSync }) => {
  const sources = new URL('./main.ts', import.meta.url);
  const compiled = new URL('../dist/server/main.js', import.meta.url);
  return import((existsSync(sources) ? sources : compiled).href);
});
