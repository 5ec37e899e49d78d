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

// Node does not run TypeScript below node_modules, and would read hundreds of modules at each start: a package holds what is built of them, and a
// clone builds it when its sources are newer.
void Promise.all([import('node:fs'), import('node:module'), import('node:url')]).then(
  ([{ existsSync }, module, { fileURLToPath }]) => {
    const place = (path) => new URL(path, import.meta.url);
    const built = place('../../dist/server/cli/main.js').href;
    const sources = place('./main.ts');
    if (!existsSync(sources)) return import(built);
    keepCompiled(module, fileURLToPath(place('../../node_modules/.cache/trunkline')));
    return import('./build/build.ts')
      .then(({ buildServer }) => buildServer())
      .then(
        () => import(built),
        (error) => {
          console.error(
            `trunkline runs from its sources, and starts more slowly, since it was not built: ${error.message}`,
          );
          return import(sources.href);
        },
      );
  },
);

/** Keeps what Node compiles for the next start, of our other processes too. It lies beside the sources: whoever may write it could change those. */
function keepCompiled({ constants, enableCompileCache }, folder) {
  if (enableCompileCache(folder).status === constants.compileCacheStatus.ENABLED)
    process.env.NODE_COMPILE_CACHE = folder;
}
