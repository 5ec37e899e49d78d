// The provider of docs/adding-a-provider.md, which is invented: added to a copy of the repository as the page says, and held to all that real ones are.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { blocksOf, guide, root } from '../support/pages.ts';

const REGISTRY = 'adapters/realtime/index.ts';
const FOLDERS = ['adapters', 'bench', 'client', 'codecs', 'docs', 'examples', 'server', 'test'];
const FILES = [
  'CHANGELOG.md',
  'DECISIONS.md',
  'LICENSE',
  'README.md',
  'biome.json',
  'package.json',
  'package-lock.json',
];
const SETTINGS = ['tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts', '.npmrc', '.gitignore'];
const OWN_FOLDERS = ['adapters/realtime/parrot', 'test/adapters/realtime/parrot'];
const MINUTES = 240_000;

const written = blocksOf(guide('docs/adding-a-provider.md')).filter(({ tags }) => tags.file !== undefined);
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'trunkline-provider-'));
  for (const name of [...FOLDERS, ...FILES, ...SETTINGS])
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: (from) => !from.endsWith('/node_modules') });
  for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(copy, name));
  for (const { tags, code } of written) {
    const path = join(copy, tags.file ?? '');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, tags.file === REGISTRY ? registered(code) : code);
  }
});

/** The registry with the import and the name of the page. */
function registered(lines: string): string {
  const [line = '', call = ''] = lines.trim().split('\n');
  // The list has lines of its own where it is long.
  const registry = readFileSync(join(root, REGISTRY), 'utf8').replace(
    /createProviderLookup\(\s*\[/,
    'createProviderLookup([',
  );
  const before = call.slice(0, call.indexOf('[') + 1);
  expect(registry).toContain(before);
  return registry.replace(before, call).replace(/^import /m, `${line}\nimport `);
}

/** Returns the output of a command in the copy. Rejects with it where the command fails. */
async function run(script: string, ...args: readonly string[]): Promise<string> {
  const options = { cwd: copy, env: { PATH: process.env.PATH, TMPDIR: tmpdir(), NO_COLOR: '1' }, timeout: MINUTES };
  const command = [join(copy, 'node_modules', script), ...args];
  try {
    return (await promisify(execFile)(process.execPath, command, options)).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${script} failed: ${stdout}${stderr}`);
  }
}

test('the page writes every file that it names, and one line of the registry', () => {
  expect(written.map(({ tags }) => tags.file)).toEqual([
    'adapters/realtime/parrot/adapter.ts',
    'adapters/realtime/parrot/dialect.ts',
    REGISTRY,
    'test/adapters/realtime/parrot/conversation.ts',
    'test/adapters/realtime/parrot/adapter.test.ts',
  ]);
});

test('the types are right, and the rules of the house hold', { timeout: MINUTES }, async () => {
  // With what it imports, and no more: types of the rest are checked elsewhere.
  const settings = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  writeFileSync(
    join(copy, 'tsconfig.json'),
    JSON.stringify({ ...settings, include: [...OWN_FOLDERS, REGISTRY, '**/*.d.ts'] }),
  );
  await run('typescript/bin/tsc', '--noEmit');
  await run('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...OWN_FOLDERS);
});

test('it passes the conformance suite, and is named in the registry and the table of providers', {
  timeout: MINUTES,
}, async () => {
  const suites = ['test/adapters/realtime/parrot', 'test/adapters/realtime/index.test.ts', 'test/layout.test.ts'];
  expect(await run('vitest/vitest.mjs', 'run', ...suites)).toMatch(/Test Files.* 3 passed/);
  expect(await run('../server/cli/bin.js', 'providers')).toMatch(
    /parrot +wss:\/\/api\.parrot\.example +header:x-parrot-key/,
  );
});
