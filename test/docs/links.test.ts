// Tests that what the pages point at is there: links, anchors, and the files of the repository that they name.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allPages, anchorsOf, guides, linksOf, type Page, root } from '../support/pages.ts';

/** Made by whoever follows a page. */
const MADE = ['bench/peers/portkey', 'test/fixtures/'];

const pageAt = (path: string) => allPages.find((page) => page.path === path);

describe.each(allPages)('$path', (page) => {
  test('the page links to files and anchors that exist', () => {
    const broken = linksOf(page).filter(({ path, anchor }) => {
      if (!existsSync(join(root, path))) return true;
      const target = pageAt(path);
      return anchor !== '' && (target === undefined || !anchorsOf(target).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  test('the page names files and folders of the repository that exist', () => {
    const named = [...page.text.matchAll(/`((?:adapters|bench|codecs|deploy|docs|server|test)\/[\w./{},-]*)`/g)];
    const paths = named.flatMap(([, path = '']) => spelledOut(path));
    expect(paths.filter((path) => !MADE.includes(path) && !existsSync(join(root, path)))).toEqual([]);
  });

  test('the page names symbols that stand in the files it names, and files that lie in the folders before them', () => {
    expect([...missingSymbols(page), ...missingFiles(page)]).toEqual([]);
  });
});

/** `` `NAME` in `file` ``: what is not found there. */
function missingSymbols({ text }: Page): readonly string[] {
  return [...text.matchAll(/`(\w+)` in `((?:adapters|bench|codecs|server|test)\/[\w./-]*\.\w+)`/g)].flatMap(
    ([said, name = '', path = '']) =>
      new RegExp(`\\b${name}\\b`).test(readFileSync(join(root, path), 'utf8')) ? [] : [said],
  );
}

/** `` `folder/` (`a.ts`, `b.ts`) ``: what is not there. */
function missingFiles({ text }: Page): readonly string[] {
  return [...text.matchAll(/`((?:adapters|bench|codecs|server|test)\/[\w./-]*\/)` \((`[^)]*)\)/g)].flatMap(
    ([, folder = '', words = '']) =>
      [...words.matchAll(/`([^`]+)`/g)].flatMap(([, name = '']) =>
        existsSync(join(root, folder, name)) ? [] : [folder + name],
      ),
  );
}

/** `a/{b,c}.ts` -> `a/b.ts`, `a/c.ts` */
function spelledOut(path: string): readonly string[] {
  const [, head = '', choices, tail = ''] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return choices === undefined ? [path] : choices.split(',').flatMap((choice) => spelledOut(`${head}${choice}${tail}`));
}

test('every page of docs/ is linked from the README', () => {
  const linked = linksOf(guides[0] ?? { path: '', text: '' }).map(({ path }) => path);
  expect(guides.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.includes(path))).toEqual([]);
});

test('DECISIONS.md has each number once, so that what refers to one finds it', () => {
  const numbers = [...(pageAt('DECISIONS.md')?.text ?? '').matchAll(/^### (\d+)\. /gm)].map(([, number]) =>
    Number(number),
  );
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
});
