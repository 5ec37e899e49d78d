// The sources of the repository as the layout test sees them: their texts, their imports, and what is wrong with those.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Import, importsOf, withoutComments } from './imports.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Source {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The text without comments: what the program does. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export const sources: readonly Source[] = ['adapters', 'bench', 'client', 'codecs', 'server', 'test']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.(ts|tsx|js)$/.test(entry.name) && !/\bnode_modules\b/.test(entry.parentPath))
  .map(({ parentPath, name }) => {
    const path = relative(root, join(parentPath, name));
    const text = readFileSync(join(parentPath, name), 'utf8');
    return { path, text, code: withoutComments(text), imports: importsOf(text) };
  });

export const inside = (...folders: string[]) =>
  sources.filter(({ path }) => folders.some((folder) => path.startsWith(`${folder}/`)));
export const product = inside('adapters', 'client', 'codecs', 'server');
export const pages = inside('server/console');
export const isConsole = (path: string) => path.startsWith('server/console/');

/** The file that a relative import means, relative to the root; undefined for packages. */
export function target(from: string, { specifier }: Import): string | undefined {
  return specifier.startsWith('.')
    ? relative(root, join(root, dirname(from), specifier.replace(/\?.*$/, '')))
    : undefined;
}

/** `a.ts -> b.ts` for every relative import that `isAllowed` refuses. */
export function offending(
  files: readonly Source[],
  isAllowed: (to: string, from: Source, how: Import) => boolean,
): string[] {
  return files.flatMap((from) =>
    from.imports.flatMap((how) => {
      const to = target(from.path, how);
      return to === undefined || isAllowed(to, from, how) ? [] : [`${from.path} -> ${to}`];
    }),
  );
}

/** Files whose code matches, with the match. */
export function matching(files: readonly Source[], pattern: RegExp): string[] {
  return files.flatMap(({ path, code }) => (pattern.test(code) ? [`${path}: ${pattern.exec(code)?.[0]}`] : []));
}

/** `a/b/c.ts` -> `a`, `a/b`. */
export function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Each circle once, as `a.ts -> b.ts -> a.ts`. */
export function circlesOf(files: readonly Source[]): string[] {
  const targets = new Map(
    files.map((file) => [file.path, file.imports.flatMap((how) => target(file.path, how) ?? [])] as const),
  );
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path].join(' -> '));
    if (start >= 0 || done.has(path)) return;
    for (const next of targets.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of targets.keys()) visit(path, []);
  return circles;
}

/** `@scope/name/file` -> `@scope/name`. */
export const packageOf = (specifier: string) =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');

/** `a/first-word.test.ts` -> `first`, `word`. */
export function wordsOf(path: string): string[] {
  return (path.split('/').at(-1) ?? '').replace(/\..*$/, '').split('-');
}
