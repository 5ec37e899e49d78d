// The npm package as its users get it: packed from a copy of the sources, installed in an empty folder, served from there.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunInfo } from '../../../server/ipc/run-file.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'trunkline-pack-'));
const copy = join(base, 'sources');
const home = join(base, 'home');

/** The Node of the tests runs npm and npx, and the package that they install. */
const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}` };
for (const name of ['NODE_OPTIONS', 'NODE_ENV', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_API_KEY']) delete env[name];
// A setting of this repository, which npm hands down to what it runs; whoever installs the package does not have it.
for (const name of Object.keys(env)) if (/^npm_config_strict_allow_scripts$/i.test(name)) delete env[name];

const run = (command: string, args: string[], cwd: string) =>
  promisify(execFile)(command, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });

const children: ChildProcess[] = [];

beforeAll(async () => {
  // A copy, since packing builds, and other suites are using the build at the same time.
  const left = new Set(['node_modules', '.git', 'dist', 'test', 'bench', '.trunkline']);
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => dirname(path) !== join(root, '.') || !left.has(basename(path)),
  });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', base], copy);
  const [tarball] = readdirSync(base).filter((name) => name.endsWith('.tgz'));
  mkdirSync(home);
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(base, String(tarball))], home);
}, 300_000);

afterAll(async () => {
  for (const child of children) await end(child);
  rmSync(base, { recursive: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

test('holds the command, the compiled code and the console, and neither sources nor tests', () => {
  const installed = join(home, 'node_modules/trunkline');
  const entries = readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => relative(installed, join(parentPath, name)));
  for (const path of [
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'package.json',
    'docs/openapi.yaml',
    'docs/asyncapi.yaml',
    'docs/configuration.md',
    'docs/errors.md',
    'server/cli/bin.js',
    'dist/server/cli/main.js',
    'dist/server/side/process.js',
    'dist/console/index.html',
    'dist/client/index.js',
    'dist/client/index.d.ts',
  ])
    expect(paths).toContain(path);
  expect(paths.filter((path) => /\.tsx?$/.test(path) && !/^dist\/client\/.*\.d\.ts$/.test(path))).toEqual([]);
  expect(
    paths.filter(
      (path) =>
        !/^(dist\/(client|server|codecs|adapters|console)\/|docs\/[\w-]+\.(yaml|md)$|server\/cli\/bin\.js$|[^/]+$)/.test(
          path,
        ),
    ),
  ).toEqual([]);
  expect(paths.some((path) => /^dist\/console\/.*\.wav$/.test(path))).toBe(true);
});

test('has a command that npx finds', async () => {
  const { stdout } = await run('npx', ['--no-install', 'trunkline', 'config', 'print'], home);
  expect(stdout).toContain('host: 127.0.0.1');
});

const CLIENT_PROGRAM = `import { meaningOfClose, connectVoice, GatewayChatTransport, mintSecret } from 'trunkline/client';
const kinds = [4501, 1011].map((code) => meaningOfClose(code).mayRetry);
console.log(kinds.join(), typeof connectVoice, typeof mintSecret, new GatewayChatTransport({ gateway: 'http://x', credential: 'k' }).resumeStreamIsReplay);
`;

test('has a client that Node imports', async () => {
  writeFileSync(join(home, 'client.mjs'), CLIENT_PROGRAM);
  const { stdout } = await run(process.execPath, ['client.mjs'], home);
  expect(stdout).toBe('false,true function function true\n');
});

test('has a client that Vite bundles for browsers, without anything of the server', async () => {
  const built = await build({
    ...{ configFile: false, logLevel: 'silent', root: home, publicDir: false },
    build: { write: false, minify: false, rollupOptions: { input: join(home, 'client.mjs') } },
  });
  const [output] = [built].flat();
  const chunks = output !== undefined && 'output' in output ? output.output : [];
  expect(chunks).toHaveLength(1);
  const [chunk] = chunks;
  const code = chunk?.type === 'chunk' ? chunk.code : '';
  expect(code).toContain('trunkline-continue');
  expect(code).not.toMatch(/node:|require\(|__vite-browser-external/);
  expect(code.length).toBeLessThan(40_000);
});

test('has types for its client, which say what is wrong', async () => {
  const program =
    "import { mintSecret } from 'trunkline/client';\nexport const secret = mintSecret({ gateway: 'http://x', key: 1 });\n";
  writeFileSync(join(home, 'typed.mts'), program);
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck', 'typed.mts'];
  const { stdout } = await run(process.execPath, [compiler, ...options], home).catch((error) => error);
  expect(stdout).toMatch(/^typed\.mts\(2,\d+\): error TS2322: Type 'number' is not assignable to type 'string'/);
});

test('serves the console and answers for a provider from an empty folder', async () => {
  const data = join(home, 'data');
  const config = join(home, 'trunkline.yaml');
  mkdirSync(data);
  cpSync(new URL('../../fixtures/any-ports.yaml', import.meta.url), config);
  const child = spawn(process.execPath, ['node_modules/.bin/trunkline', 'serve', '--config', config, '--data', data], {
    cwd: home,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const { listen, admin } = await appeared(child, data);
  expect((await fetch(`http://127.0.0.1:${admin.port}/readyz`)).status).toBe(200);
  const page = await fetch(`http://127.0.0.1:${listen.port}/`);
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(await page.text()).toContain('<html');

  expect(existsSync(join(data, 'tls/ca.pem'))).toBe(true);
  await speaks(`ws://127.0.0.1:${listen.port}/v1/realtime?model=gpt-realtime`);

  await end(child);
  expect(child.exitCode).toBe(0);
});

/** The description of the run, once it is written; rejects with its output when the process ends first. */
async function appeared(child: ChildProcess, data: string): Promise<Required<RunInfo>> {
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => output.push(chunk));
  const file = join(data, 'run.json');
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(data, () => existsSync(file) && resolve());
    child.once('exit', () => reject(new Error(`ended early: ${Buffer.concat(output)}`)));
    if (existsSync(file)) resolve();
    child.once('exit', () => watcher.close());
  });
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Asks for a reply and waits for its first audio, which a worker thread speaks. */
async function speaks(url: string): Promise<void> {
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'response.create' })));
  socket.addEventListener('message', ({ data }) => {
    if (JSON.parse(data).type === 'response.output_audio.delta') resolve();
  });
  socket.addEventListener('close', ({ code, reason }) => reject(new Error(`closed ${code} ${reason}`)));
  await promise;
  socket.close();
  await once(socket, 'close');
}
