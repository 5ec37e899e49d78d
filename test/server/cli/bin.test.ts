// The command itself: it explains an old Node instead of failing on TypeScript.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const bin = fileURLToPath(new URL('../../../server/cli/bin.js', import.meta.url));

/** Runs the command in a Node that says it is `version`. */
function runAs(version: string, ...args: string[]) {
  const pretend = `for (const [name, value] of [['version', 'v${version}'], ['versions', { ...process.versions, node: '${version}' }]])
    Object.defineProperty(process, name, { value })`;
  const url = `data:text/javascript,${encodeURIComponent(pretend)}`;
  return spawnSync(process.execPath, ['--import', url, bin, ...args], { encoding: 'utf8' });
}

test.each(['12.22.12', '18.0.0', '23.11.1'])('says in one line what to do on Node %s and loads nothing', (version) => {
  const { status, stderr, stdout } = runAs(version, 'serve');
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain(`needs Node 24 or newer, this is v${version}`);
  expect(stderr).toContain('npm ci && npm start');
});

test('goes on to the command line on Node 24', () => {
  const { status, stderr } = runAs('24.0.0', 'config', 'check', '--config', '/nonexistent/trunkline.yaml');
  expect(status).toBe(2);
  expect(stderr).toContain('/nonexistent/trunkline.yaml');
});

test('has no static import and no top-level await, which old versions would fail on before the check', () => {
  const source = readFileSync(bin, 'utf8');
  expect(source).not.toMatch(/^\s*import\s+[^(]/m);
  expect(source).not.toMatch(/\bawait\b|\?\?|\?\./);
});

/** The command over this one module, which prints where its processes are told to keep what they compile. */
function keptBy(module: string) {
  const root = temporaryFolder('bin');
  const copy = join(root, 'server/cli/bin.js');
  for (const path of [copy, join(root, module)]) mkdirSync(dirname(path), { recursive: true });
  copyFileSync(bin, copy);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, module), 'console.log(process.env.NODE_COMPILE_CACHE);');
  const env = { PATH: process.env.PATH };
  const { stdout, stderr } = spawnSync(process.execPath, [copy], { encoding: 'utf8', env });
  return { told: stdout.trim(), stderr, folder: join(root, 'node_modules/.cache/trunkline') };
}

test('keeps the code made of the sources for the next start, in a clone', () => {
  const { told, folder } = keptBy('server/cli/main.ts');
  expect(told).toBe(folder);
  expect(readdirSync(folder, { recursive: true }).length).toBeGreaterThan(1);
});

test('runs from its sources, and says so, in a clone that cannot be built', () => {
  const { told, stderr } = keptBy('server/cli/main.ts');
  expect(told).not.toBe('');
  expect(stderr).toMatch(
    /^trunkline runs from its sources, and starts more slowly, since it was not built: .*build\.ts/,
  );
});

test('writes nothing into the folder of a package', () => {
  const { told, folder } = keptBy('dist/server/cli/main.js');
  expect(told).toBe('undefined');
  expect(existsSync(folder)).toBe(false);
});
