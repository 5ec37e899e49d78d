// The pages that people read, as text: README.md, docs/, and what else is written in Markdown; their code blocks and anchors.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

const pageAt = (path: string): Page => ({ path, text: readFileSync(join(root, path), 'utf8') });

/** README.md and docs/: what users read. */
export const guides: readonly Page[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map(pageAt);

/** Pages for those who work on it, too. */
export const allPages: readonly Page[] = [
  ...guides,
  ...['DECISIONS.md', 'CHANGELOG.md', 'bench/README.md', 'bench/peers.md'].map(pageAt),
];

export function guide(path: string): Page {
  const found = guides.find((page) => page.path === path);
  if (found === undefined) throw new Error(`there is no page ${path}`);
  return found;
}

export interface Block {
  readonly page: string;
  readonly language: string;
  /** The words behind the language, as `name=value` or as a word. */
  readonly tags: Readonly<Record<string, string>>;
  readonly code: string;
  /** The text of the page before the block. */
  readonly before: string;
  /** The output that the page last promised of a program. */
  readonly prints: string;
}

/** The code blocks of a page, in order. */
export function blocksOf({ path, text }: Page): readonly Block[] {
  return [...text.matchAll(/^```(\w*)([^\n]*)\n(.*?)^```$/gms)].map((match) => {
    const [, language = '', info = '', code = ''] = match;
    const tags = info
      .trim()
      .split(/\s+/)
      .filter((tag) => tag !== '')
      .map((tag) => [tag.split('=')[0] ?? '', tag.split('=')[1] ?? ''] as const);
    const before = text.slice(0, match.index);
    const prints = [...before.matchAll(/\bprints?\s+`([^`]+)`/g)].at(-1)?.[1] ?? '';
    return { page: path, language, tags: Object.fromEntries(tags), code, before, prints };
  });
}

export const guideBlocks: readonly Block[] = guides.flatMap(blocksOf);

/** A page without its code blocks. */
export const proseOf = ({ text }: Page): string => text.replace(/^```.*?^```$/gms, '');

/** Compares what a page lists with what the code has; `AGREES` when neither side lacks anything. */
export function compared(onPage: readonly string[], inCode: readonly string[]) {
  const without = (some: readonly string[], known: readonly string[]) =>
    [...new Set(some)].filter((name) => !known.includes(name)).sort();
  return { missingOnPage: without(inCode, onPage), notInCode: without(onPage, inCode) };
}
export const AGREES = { missingOnPage: [], notInCode: [] };

/** Where links of a page may lead: its headings, as GitHub names them, and its elements with an id. */
export function anchorsOf(page: Page): readonly string[] {
  const prose = proseOf(page);
  const ids = [...prose.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id);
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
  return [...headings, ...ids];
}

/** Where a link of a page leads: a path relative to the root ('' for elsewhere in the world), and an anchor. */
export function linksOf(page: Page): readonly { readonly path: string; readonly anchor: string }[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor = ''] = target.split('#');
    const path = file === '' ? page.path : relative(root, join(root, dirname(page.path), file));
    return [{ path, anchor }];
  });
}
