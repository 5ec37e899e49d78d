// A PgBouncer in transaction mode, as it is installed, in front of a Postgres: a transaction gets whichever connection is free.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../bench/machine/processes.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

export const hasPgBouncer = spawnSync('pgbouncer', ['--version'], { timeout: 30_000 }).status === 0;

export interface PgBouncer {
  /** URL of the same database, through the pool. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Makes so many `connections` to the server, for any number of clients. */
export async function startPgBouncer(url: string, connections: number): Promise<PgBouncer> {
  const server = new URL(url);
  const port = await freePort();
  const place = Object.entries({
    host: server.hostname,
    port: server.port,
    user: server.username || 'postgres',
    ...(server.password && { password: server.password }),
  });
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: connections,
  };
  const file = join(temporaryFolder('pgbouncer'), 'pgbouncer.ini');
  writeFileSync(
    file,
    [
      ...['[databases]', `* = ${place.map(([name, value]) => `${name}=${value}`).join(' ')}`],
      ...['[pgbouncer]', ...Object.entries(settings).map(([name, value]) => `${name} = ${value}`)],
    ].join('\n'),
  );
  // It reads its file before it becomes another user, since it refuses to be root.
  const child = spawn('pgbouncer', [...(process.getuid?.() === 0 ? ['-u', 'nobody'] : []), file], { stdio: 'ignore' });
  const through = new URL(url);
  through.port = String(port);
  await until(() => answers(through.href, child));
  return {
    url: through.href,
    async stop() {
      const exit = once(child, 'exit');
      if (child.kill('SIGKILL')) await exit;
    },
  };
}

async function answers(url: string, { exitCode }: ChildProcess): Promise<boolean> {
  if (exitCode !== null) throw new Error(`PgBouncer ended with ${exitCode}`);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query('select 1')).rowCount === 1;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
