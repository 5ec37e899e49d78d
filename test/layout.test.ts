// The rules of the house that no compiler checks: who may import whom, where files lie, what only one file may do.

import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exportsOf, type Import, namedImportsOf } from './support/imports.ts';
import { crowdedFolders, longFiles, spanningSuites } from './support/layout-exceptions.ts';
import {
  circlesOf,
  foldersOf,
  inside,
  isConsole,
  matching,
  offending,
  packageOf,
  pages,
  product,
  root,
  type Source,
  sources,
  target,
  wordsOf,
} from './support/sources.ts';

const topLevel = [
  ...['.ci', '.git', '.gitignore', '.npmrc', '.trunkline', 'CHANGELOG.md', 'DECISIONS.md', 'LICENSE', 'README.md'],
  ...[
    'adapters',
    'bench',
    'biome.json',
    'client',
    'codecs',
    // Files for those who run it without npm: neither code nor a page, and no part of the package.
    'deploy',
    'dist',
    'docs',
    'examples',
    'node_modules',
    'package-lock.json',
    'package.json',
  ],
  ...['server', 'test', 'tsconfig.build.json', 'tsconfig.json', 'vitest.config.ts'],
];

/** The rooms in their order: an import goes to the same room or to one further up. */
const ROOMS = [
  'codecs',
  'client',
  ...['realtime', 'llm', 'ui', 'simulators'].map((name) => `adapters/${name}`),
  ...['platform', 'config', 'ipc', 'http', 'transport', 'session'].map((name) => `server/${name}`),
  ...['store', 'billing', 'llm', 'prompts', 'tasks', 'sessions', 'runs', 'http', 'telemetry', 'config'].map(
    (name) => `server/side/${name}`,
  ),
  ...['side', 'gateway', 'rehearsal', 'processes', 'cli'].map((name) => `server/${name}`),
  'bench',
];

/** The room of a file: the longest entry of ROOMS that its path begins with; -1 for the console and the tests. */
function roomOf(path: string): number {
  const inside = ROOMS.filter((room) => path.startsWith(`${room}/`));
  return ROOMS.indexOf(inside.reduce((longest, room) => (room.length > longest.length ? room : longest), ''));
}

describe('rooms', () => {
  test('every file of the product is in a room', () => {
    const homeless = product.filter(({ path }) => roomOf(path) < 0 && !isConsole(path));
    expect(homeless.map(({ path }) => path)).toEqual([]);
  });

  test('an import goes to its own room or to one that comes before it, types included', () => {
    const all = [...product.filter(({ path }) => !isConsole(path)), ...inside('bench')];
    expect(
      offending(all, (to, { path }) => path.startsWith('bench/') || (roomOf(to) >= 0 && roomOf(to) <= roomOf(path))),
    ).toEqual([]);
  });

  test('no files import each other in a circle, types included', () => {
    expect(circlesOf([...product, ...inside('bench')])).toEqual([]);
  });

  test('a folder of the server has at most twelve entries', () => {
    const isCrowded = (folder: string) =>
      readdirSync(join(root, folder)).length > 12 && !crowdedFolders.includes(folder);
    const folders = new Set(inside('server').flatMap(({ path }) => foldersOf(path)));
    expect([...folders].filter(isCrowded)).toEqual([]);
  });
});

describe('arrows', () => {
  test('a provider folder never imports another one', () => {
    const folder = (path: string) =>
      /^adapters\/realtime\/(?!contract\/|guards\/|handshake\/|resumption\/)([^/]+)\//.exec(path)?.[1];
    const isAllowed = (to: string, from: Source) => folder(to) === undefined || folder(to) === folder(from.path);
    const providers = sources.filter(({ path }) => folder(path) !== undefined);
    expect(offending(providers, isAllowed)).toEqual([]);
  });

  test('only the registry knows the folders of realtime providers', () => {
    const shared = sources.filter(({ path }) =>
      /^adapters\/realtime\/(?:(?:contract|guards|handshake|resumption)\/)?[^/]+$/.test(path),
    );
    const isAllowed = (to: string, { path }: Source) =>
      !/^adapters\/realtime\/(?!contract\/|guards\/|handshake\/|resumption\/)[^/]+\//.test(to) ||
      path === 'adapters/realtime/index.ts';
    expect(offending(shared, isAllowed)).toEqual([]);
  });

  test('the server knows adapters by their registries and their contracts', () => {
    const rooms = ['realtime', 'llm', 'ui', 'simulators'];
    // The names of the simulated providers are apart, so that a gateway process does not load the simulators.
    const doors = [...rooms.map((room) => `adapters/${room}/index.ts`), 'adapters/simulators/simulated-providers.ts'];
    const contracts = [...rooms.map((room) => `adapters/${room}/contract.ts`), 'adapters/realtime/refusal.ts'];
    const isContract = (to: string) => contracts.includes(to) || to.startsWith('adapters/realtime/contract/');
    const isAllowed = (to: string, _: Source, { isTypeOnly }: Import) =>
      !to.startsWith('adapters/') || doors.includes(to) || (isContract(to) && isTypeOnly);
    expect(offending(inside('server'), isAllowed)).toEqual([]);
  });

  test('the console and the server share only the codecs, and the console uses the client as any app does', () => {
    expect(offending(pages, (to) => isConsole(to) || /^(codecs|client)\//.test(to))).toEqual([]);
    const server = inside('server').filter(({ path }) => !isConsole(path));
    expect(offending(server, (to) => !isConsole(to))).toEqual([]);
  });

  test('the client runs wherever JavaScript does: it imports no package, and nobody but apps imports it', () => {
    const imported = inside('client').flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, isTypeOnly }) => !specifier.startsWith('.') && !isTypeOnly)
        .map(({ specifier }) => `${path} -> ${specifier}`),
    );
    expect(imported).toEqual([]);
    const others = product.filter(({ path }) => !path.startsWith('client/') && !isConsole(path));
    expect(offending(others, (to) => !to.startsWith('client/'))).toEqual([]);
  });

  test('nothing imports test, and only tests import bench', () => {
    expect(offending([...product, ...inside('bench')], (to) => !to.startsWith('test/'))).toEqual([]);
    expect(offending(product, (to) => !to.startsWith('bench/'))).toEqual([]);
  });
});

describe('names', () => {
  const exporters = [...product, ...inside('bench')].map(({ path, text }) => ({ path, names: exportsOf(text) }));

  test('no two files of the product export the same name', () => {
    const places = new Map<string, string[]>();
    for (const { path, names } of exporters.filter(({ path }) => !path.startsWith('bench/')))
      for (const name of names) places.set(name, [...(places.get(name) ?? []), path]);
    const clashes = [...places].filter(([, paths]) => paths.length > 1);
    expect(clashes.map(([name, paths]) => `${name}: ${paths.join(', ')}`)).toEqual([]);
  });

  test('every exported name is used by another file', () => {
    const used = new Set(
      sources.flatMap(({ path, text }) =>
        namedImportsOf(text).map(({ specifier, name }) => `${target(path, { specifier, isTypeOnly: false })}#${name}`),
      ),
    );
    const unused = exporters.flatMap(({ path, names }) =>
      names.filter((name) => !used.has(`${path}#${name}`) && !used.has(`${path}#*`)).map((name) => `${path}: ${name}`),
    );
    expect(unused).toEqual([]);
  });

  test('the name of a file consists of words of the glossary', () => {
    const page = readFileSync(join(root, 'docs/glossary.md'), 'utf8');
    const [terms = '', plain = ''] = page.split('## Words of file names');
    const known = new Set([
      ...[...terms.matchAll(/^\| ([^|]+?) +\|/gm)].flatMap(([, term = '']) => term.toLowerCase().split(/[ -]/)),
      ...[...plain.matchAll(/`([a-z0-9]+)`/g)].map(([, word = '']) => word),
    ]);
    const words = new Set([...product, ...inside('bench')].flatMap(({ path }) => wordsOf(path)));
    const isKnown = (word: string) => known.has(word) || known.has(word.replace(/s$/, ''));
    expect([...words].filter((word) => !isKnown(word))).toEqual([]);
    expect([...plain.matchAll(/`([a-z0-9]+)`/g)].filter(([, word = '']) => !words.has(word)).map(String)).toEqual([]);
  });

  test('a comment begins with a noun or a verb, not in mid-sentence', () => {
    const opening =
      /^\s*(?:\/\/|\/\*\*) (?:Of|What|Whatever|Who|Whoever|Whose|Which|That|Then|Else|How|Not|And|Or|But) /;
    const isContinued = (lines: readonly string[], index: number) => /^\s*\/\//.test(lines[index - 1] ?? '');
    const found = sources.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index, lines) => {
        const isOpening = opening.test(line) && !(line.trim().startsWith('// ') && isContinued(lines, index));
        return isOpening ? [`${path}:${index + 1}`] : [];
      }),
    );
    expect(found).toEqual([]);
  });
});

describe('input and output', () => {
  test('codecs and adapters open no sockets, files, processes or timers', () => {
    const io = 'fs net http https http2 tls dgram dns child_process worker_threads cluster'.split(' ');
    const isIo = (name: string) =>
      /^(node:)?/.test(name) && io.includes(name.replace(/^node:/, '').split('/')[0] ?? '');
    const pure = inside('adapters', 'codecs');
    const found = pure.flatMap(({ path, imports }) =>
      imports
        .filter((one) => !one.isTypeOnly && (isIo(one.specifier) || one.specifier === 'ws'))
        .map((one) => `${path} -> ${one.specifier}`),
    );
    expect(found).toEqual([]);
    expect(matching(pure, /\b(setTimeout|setInterval|setImmediate|fetch)\(/)).toEqual([]);
  });

  test('codecs name no provider', () => {
    expect(matching(inside('codecs'), /openai|gemini|google/i)).toEqual([]);
  });

  test('only the command line ends the process', () => {
    const others = product.filter(({ path }) => path !== 'server/cli/main.ts' && path !== 'server/cli/bin.js');
    expect(matching(others, /\bprocess\.(exit|abort|kill)\b(?!\(\w+, 0\))/)).toEqual([]);
  });

  test('only the configuration reads the environment', () => {
    const others = product.filter(({ path }) => path !== 'server/config/load.ts' && !path.endsWith('vite.config.ts'));
    // Setting a variable for the processes that it starts is not reading it.
    expect(matching(others, /\bprocess\.env\b(?!\.\w+ (\?\?)?= )|\bimport\.meta\.env\b/)).toEqual([]);
  });

  test('other modules are found by entry(), which also works where they are compiled', () => {
    const places = /^server\/(platform\/entry\.ts|cli\/(bin\.js|build\/vite\.config\.ts))$/;
    const others = inside('server').filter(({ path }) => !places.test(path) && !isConsole(path));
    expect(matching(others, /new URL\([^)]*import\.meta|\bimport\.meta\.(dirname|filename)\b/)).toEqual([]);
  });

  test('the server runs with what the package depends on', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
    const isThere = (name: string) => name.startsWith('node:') || builtinModules.includes(name) || name in dependencies;
    const found = product
      .filter(({ path }) => !isConsole(path) && !path.startsWith('server/cli/build/'))
      .flatMap(({ path, imports }) =>
        imports
          .filter(
            ({ specifier, isTypeOnly }) => !specifier.startsWith('.') && !isTypeOnly && !isThere(packageOf(specifier)),
          )
          .map(({ specifier }) => `${path} -> ${specifier}`),
      );
    expect(found).toEqual([]);
  });
});

/** npm leaves a platform's package out when a registry lacks it, and then `npm ci` refuses the lock file everywhere. */
test('the lock file has an entry for every optional package', () => {
  type Locked = { optionalDependencies?: Record<string, string> };
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Locked>;
  };
  const entries = Object.keys(lock.packages);
  const isLocked = (name: string) => entries.some((entry) => entry.endsWith(`node_modules/${name}`));
  const optional = Object.values(lock.packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}));
  expect(optional.filter((name) => !isLocked(name))).toEqual([]);
});

describe('files', () => {
  test('the top level holds what is expected there and nothing else', () => {
    expect(readdirSync(root).filter((name) => !topLevel.includes(name))).toEqual([]);
  });

  test('no folder is a drawer for anything', () => {
    const drawers = /(^|\/)(utils?|common|helpers?|types|misc|lib|shared)(\/|\.tsx?$)/;
    expect(sources.map(({ path }) => path).filter((path) => drawers.test(path))).toEqual([]);
  });

  test('names are in kebab-case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|worklet|d|process))?\.(ts|tsx|js)$/;
    expect(sources.map(({ path }) => path).filter((path) => !kebab.test(path.split('/').at(-1) ?? ''))).toEqual([]);
  });

  test('a file opens with one to three lines that say what it is for', () => {
    const opening = /^(#!.*\n)?(\/\/ \S.*\n){1,3}(?!\/\/)/;
    expect(sources.filter(({ text }) => !opening.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test('a file of more than 300 lines has a reason', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > 301).map(({ path }) => path);
    expect(long.sort()).toEqual(Object.keys(longFiles).sort());
  });
});

test('a suite has the name of its source, unless it spans several', () => {
  const stem = (path: string) => path.replace(/\.(ts|tsx|js)$/, '');
  const stems = new Set([...product, ...inside('bench')].map(({ path }) => stem(path)));
  const suites = inside('test').filter(({ path }) => path.endsWith('.test.ts'));
  const strays = suites.filter(
    ({ path }) =>
      !stems.has(
        stem(path)
          .replace(/^test\//, '')
          .replace(/\.test$/, ''),
      ),
  );
  const spanned = Object.keys(spanningSuites);
  const isSpanned = (path: string, by: string) => (by.endsWith('/') ? path.startsWith(by) : path === by);
  expect(strays.map(({ path }) => path).filter((path) => !spanned.some((by) => isSpanned(path, by)))).toEqual([]);
  expect(spanned.filter((by) => !strays.some(({ path }) => isSpanned(path, by)))).toEqual([]);
});
