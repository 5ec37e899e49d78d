// Finds the process that listens on a port, where the system tells: Linux, for processes of the same user, or of all for root.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

/** Code of the state LISTEN in /proc/net/tcp, see proc(5). */
const LISTEN = '0A';

/** Returns the process in words, `process 123 (nginx)`; undefined where nobody is found. */
export async function portOwner(port: number): Promise<string | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  const sockets = new Set(tables.flatMap((table) => listenersOn(port, table)));
  if (sockets.size === 0) return undefined;
  const names = await readdir('/proc').catch(() => []);
  for (const pid of names.filter((name) => /^\d+$/.test(name))) {
    if (await holdsOneOf(sockets, pid)) return `process ${pid}${await nameOf(pid)}`;
  }
  return undefined;
}

/** The sockets in a table that listen on the port, as the links of their descriptors have them. */
function listenersOn(port: number, table: string): readonly string[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [, local = '', , state] = fields;
    return state === LISTEN && local.endsWith(end) ? [`socket:[${fields[9]}]`] : [];
  });
}

async function holdsOneOf(sockets: ReadonlySet<string>, pid: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = await readdir(folder).catch(() => []);
  for (const name of descriptors) {
    const link = await readlink(`${folder}/${name}`).catch(() => '');
    if (sockets.has(link)) return true;
  }
  return false;
}

/** Its program: what the system calls its first thread is `MainThread` for every Node. */
async function nameOf(pid: string): Promise<string> {
  const program = await readlink(`/proc/${pid}/exe`).catch(() => '');
  return program === '' ? '' : ` (${basename(program)})`;
}
