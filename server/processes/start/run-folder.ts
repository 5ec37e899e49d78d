// The folder for everything temporary of one run, such as the socket of the side process. It goes with the run.
// Rule: what a run left that was killed is removed by the next start, and only where it is this user's and nobody listens in it any more.

import { mkdtempSync, rmSync } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'trunkline-run-';
/** A socket in it that listens while its run lives: unlike the id of a process, that holds across containers that share a disk. */
const SIGN = 'alive';
/** A folder that has no such socket may be one that is just being made. */
const NEW_MS = 60_000;

/** Makes the folder, which only this user can enter, and resolves with its path. It goes when this process ends, however it ends by itself. */
export async function openRunFolder(): Promise<string> {
  const parent = tmpdir();
  await removeStale(parent);
  // The path of a socket must be short.
  const folder = mkdtempSync(join(parent, PREFIX));
  process.once('exit', () => removeRunFolder(folder));
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(join(folder, SIGN), resolve));
  server.unref();
  return folder;
}

async function removeStale(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  const folders = names.filter((name) => name.startsWith(PREFIX)).map((name) => join(parent, name));
  await Promise.all(folders.map(async (folder) => (await isStale(folder)) && removeRunFolder(folder)));
}

async function isStale(folder: string): Promise<boolean> {
  const state = await lstat(folder).catch(() => undefined);
  if (!state?.isDirectory() || (state.uid !== userInfo().uid && process.platform !== 'win32')) return false;
  const fault = await faultOfConnecting(join(folder, SIGN));
  return fault === 'ECONNREFUSED' || (fault === 'ENOENT' && Date.now() - state.mtimeMs > NEW_MS);
}

/** Resolves with undefined where somebody listens. */
function faultOfConnecting(path: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect(path, () => {
    socket.destroy();
    resolve(undefined);
  });
  socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  return promise;
}

/** Removes the folder of this run, or of one that is over. */
export function removeRunFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {}
}
