// Keys of the configuration file that had another name. The old name is still read, with a warning; both names together are an error.

import { isObject } from '../../../codecs/json/object.ts';
import { matchesGlob } from '../../../codecs/text/glob.ts';
import type { Problem } from '../problem.ts';

/** Path of the old key (`*` is any name) and the new key in its place. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['side.seedBytes', 'contextBytes'],
  ['side.seedMs', 'contextMs'],
  ['side.whenUnseeded', 'whenContextUnavailable'],
  ['providers.*.warm', 'preconnect'],
];

interface KeyReports {
  /** Called with each old key that was read. */
  warn(problem: Problem): void;
  readonly problems: Problem[];
}

/** Copies the data of a file under the current names. */
export function renameKeys(data: unknown, reports: KeyReports, parent = ''): unknown {
  if (!isObject(data)) return data;
  const entries = Object.entries(data).map(([key, value]) => {
    const path = parent === '' ? key : `${parent}.${key}`;
    const renamed = RENAMED.find(([old]) => matchesGlob(old, path))?.[1];
    const copy = renameKeys(value, reports, path);
    if (renamed === undefined) return [key, copy];
    const current = `${parent}.${renamed}`;
    if (Object.hasOwn(data, renamed))
      reports.problems.push({ path, message: `expected only ${current}, which is its name now, got both` });
    else reports.warn({ path, message: `the name is ${current} now; the old one is still read` });
    return [renamed, copy];
  });
  return Object.fromEntries(entries);
}
