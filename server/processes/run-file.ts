// The file `run.json` in the data directory: which process runs and where it listens, from when it is ready until it ends.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ports } from '../ipc/process-start.ts';

/** The content of `<data>/run.json`. */
export interface RunInfo {
  readonly pid: number;
  /** Port 0: nothing listens, with `--role side`. */
  readonly listen: { readonly host: string } & Ports;
  readonly admin: { readonly host: string; readonly port: number };
  readonly rehearsal: readonly string[];
}

const FILE = 'run.json';

export class RunFile {
  readonly #directory: string;
  readonly #path: string;

  constructor(dataDirectory: string) {
    this.#directory = dataDirectory;
    this.#path = join(dataDirectory, FILE);
  }

  /** Makes the directory, and removes the file of a process that was killed. One that runs keeps its file until this one is ready. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
      throw new Error(`the data directory ${this.#directory} cannot be used: ${cause.code}`, { cause });
    });
    const run = await readRun(this.#directory);
    if (run !== undefined && !isAlive(run.pid)) await rm(this.#path, { force: true });
  }

  async write(run: RunInfo): Promise<void> {
    const draft = join(this.#directory, `run.${process.pid}.json`);
    await writeFile(draft, `${JSON.stringify(run, null, 2)}\n`);
    await rename(draft, this.#path);
  }

  /** Removes the file of this process; that of another one that took over stays. */
  async remove(): Promise<void> {
    const run = await readRun(this.#directory);
    if (run?.pid === process.pid) await rm(this.#path, { force: true });
  }
}

/** Reads where the process of this data directory listens; undefined where there is no file. The process may have been killed. */
export async function readRun(dataDirectory: string): Promise<RunInfo | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDirectory, FILE), 'utf8')) as RunInfo;
  } catch {
    return undefined;
  }
}

/** Tells whether a process with this id runs, ours or another user's. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
