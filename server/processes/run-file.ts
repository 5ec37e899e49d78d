// The data directory of a run: `run.json` says which process runs and where it listens, from when it is ready until it ends.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ports } from '../ipc/ports.ts';

/** Where everything listens, as in `<data>/run.json`. */
export interface RunInfo {
  readonly pid: number;
  /** Port 0: nothing listens, with `--role side`. */
  readonly listen: { readonly host: string } & Ports;
  readonly admin: { readonly host: string; readonly port: number };
  readonly rehearsal: readonly string[];
}

export interface RunFile {
  /** Makes the directory, and removes what a run left that was killed. */
  open(): Promise<void>;
  write(run: RunInfo): Promise<void>;
  /** Only of this process; another that took over keeps its own. */
  remove(): Promise<void>;
}

export function runFile(dataDirectory: string): RunFile {
  const file = (name: string): string => join(dataDirectory, name);
  const remove = (): Promise<void> => rm(file('run.json'), { force: true });

  /** The process that `run.json` is of. */
  async function owner(): Promise<number | undefined> {
    try {
      return (JSON.parse(await readFile(file('run.json'), 'utf8')) as RunInfo).pid;
    } catch {
      return undefined;
    }
  }

  return {
    async open() {
      await mkdir(dataDirectory, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
        throw new Error(`the data directory ${dataDirectory} cannot be used: ${cause.code}`, { cause });
      });
      // Another one that lives keeps its own until this one is ready.
      const before = await owner();
      if (before !== undefined && !isAlive(before)) await remove();
    },
    async write(run) {
      const draft = file(`run.${process.pid}.json`);
      await writeFile(draft, `${JSON.stringify(run, null, 2)}\n`);
      await rename(draft, file('run.json'));
    },
    async remove() {
      if ((await owner()) === process.pid) await remove();
    },
  };
}

/** Whether a process with this id runs, ours or another user's. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
