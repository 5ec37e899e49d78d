// A small disk for the data of one gateway: a tmpfs in a mount namespace that only the gateway's processes are in. It goes with them,
// however they end.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { temporaryFolder } from './temporary-folder.ts';

const DISK_BYTES = 4 * 1024 * 1024;

/** Makes a command that runs the rest with a small disk on a folder. It needs no root where users may have namespaces. */
export const onSmallDisk = (folder: string): readonly string[] => [
  'unshare',
  process.getuid?.() === 0 ? '--mount' : '--map-root-user',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs -o size=${DISK_BYTES} trunkline-test "$0" && exec "$@"`,
  folder,
];

/** Returns and prints the reason why no small disk can be mounted here; undefined where one can. */
export function smallDiskObjection(): string | undefined {
  const [command = '', ...args] = onSmallDisk(temporaryFolder('mount'));
  try {
    execFileSync(command, [...args, 'true'], { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    const why = (error instanceof Error ? error.message.trim().split('\n').at(-1) : undefined) ?? String(error);
    console.warn(`tests with a full disk are skipped, no small disk can be mounted here: ${why}`);
    return why;
  }
}

/** Takes the last byte of the disk that a process has on the folder. Returns a function that gives the space back. */
export function fillDisk(pid: number, folder: string): () => void {
  const path = `/proc/${pid}/root${folder}/filler`;
  const file = openSync(path, 'w');
  for (let size = 64 * 1024; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  closeSync(file);
  return () => rmSync(path);
}
