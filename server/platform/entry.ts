// Locates files that are not imported: modules for child processes and worker threads, the built console, package.json.
// Rule: only this file knows that the sources (.ts) and the compiled package (.js) lie in different places.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const own = import.meta.url;
const isCompiled = own.endsWith('.js');

/** The module of `server/` with this name (no extension), for `fork` and `new Worker`: `entry('rehearsal/process')`. */
export function entry(name: string): URL {
  return new URL(`../${name}${isCompiled ? '.js' : '.ts'}`, own);
}

/** The folder of the package: where `package.json` is, and the sources, when it is a clone. Ends with a slash. */
export const packageRoot = fileURLToPath(new URL(isCompiled ? '../../../' : '../../', own));

/** The folder with the built console. */
export const consoleRoot = fileURLToPath(new URL(isCompiled ? '../../console/' : '../../dist/console/', own));

/** The version of this package. */
export const version: string = JSON.parse(readFileSync(`${packageRoot}package.json`, 'utf8')).version;
