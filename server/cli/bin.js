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
void Promise.all([import('node:fs'), import('node:module'), import('node:url')]).then(
  ([{ existsSync }, module, { fileURLToPath }]) => {
    const sources = new URL('./main.ts', import.meta.url);
    const compiled = new URL('../../dist/server/cli/main.js', import.meta.url);
    const isClone = existsSync(sources);
    if (isClone) keepStripped(module, fileURLToPath(new URL('../../node_modules/.cache/trunkline', import.meta.url)));
    return import((isClone ? sources : compiled).href);
  },
);

/** Keeps the code that Node makes of each source for the next start, of our other processes too. It lies beside the sources: whoever may write it could change those. */
function keepStripped({ constants, enableCompileCache }, folder) {
  if (enableCompileCache(folder).status === constants.compileCacheStatus.ENABLED)
    process.env.NODE_COMPILE_CACHE = folder;
}
