// The file `run.json` in the data directory: which process runs and where it listens, from when it is ready until it ends.
// Rule: it never says that a process runs which does not; one that could not be removed (kill -9) is recognised by its reader.

import { readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ports } from './process-start.ts';

/** `gateway`: gateway processes, and a side process that only stores; `side`: a side process that works on the sessions; `all`: both. */
export const ROLES = ['all', 'gateway', 'side'] as const;
export type Role = (typeof ROLES)[number];

/** The content of `<data>/run.json`. */
export interface RunInfo {
  readonly pid: number;
  /** Tells the process from a later one with the same id, as `startOf` does; missing where the system does not say. */
  readonly start?: string;
  readonly role: Role;
  /** Missing with the role `side`, which has no gateways. */
  readonly listen?: { readonly host: string } & Ports;
  readonly admin: { readonly host: string; readonly port: number };
  readonly rehearsal: readonly string[];
  /** Hash of the configuration in force. */
  readonly config: string;
}

const FILE = 'run.json';

export class RunFile {
  readonly #directory: string;
  readonly #path: string;

  constructor(dataDirectory: string) {
    this.#directory = dataDirectory;
    this.#path = join(dataDirectory, FILE);
  }

  /** Makes the directory, and removes what a process left that was killed. One that runs keeps its file until this one is ready. */
  async open(): Promise<void> {
    await mkdir(this.#directory, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
      throw new Error(`the data directory ${this.#directory} cannot be used: ${cause.code}`, { cause });
    });
    removeStaleRun(this.#directory);
    for (const name of await readdir(this.#directory)) {
      const pid = /^run\.(\d+)\.json$/.exec(name)?.[1];
      if (pid !== undefined && startOf(Number(pid)) === undefined)
        await rm(join(this.#directory, name), { force: true });
    }
    // This also covers an end by an error that nobody caught.
    process.once('exit', () => this.remove());
  }

  async write(run: RunInfo): Promise<void> {
    const draft = join(this.#directory, `run.${process.pid}.json`);
    await writeFile(draft, `${JSON.stringify(run, null, 2)}\n`);
    await rename(draft, this.#path);
  }

  /** Removes the file of this process; that of another one that took over stays. Never throws: the reader checks it anyway. */
  remove(): void {
    const run = readRun(this.#directory);
    if (run?.pid !== process.pid || !isRunning(run)) return;
    removeQuietly(this.#path);
  }
}

/** Reads where the process of this data directory listens; undefined where there is no file. The process may have been killed. */
export function readRun(dataDirectory: string): RunInfo | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDirectory, FILE), 'utf8')) as RunInfo;
  } catch {
    return undefined;
  }
}

/** Removes the file of a process that no longer runs. */
export function removeStaleRun(dataDirectory: string): void {
  const run = readRun(dataDirectory);
  if (run !== undefined && !isRunning(run)) removeQuietly(join(dataDirectory, FILE));
}

/** Tells whether the process runs that wrote this, ours or another user's: a later one may have its id, above all in a container. */
export function isRunning({ pid, start }: Pick<RunInfo, 'pid' | 'start'>): boolean {
  const found = startOf(pid);
  return found !== undefined && (start === undefined || found === '' || start === found);
}

/** Tells when a process was started, by the boot and the clock of the system: '' where only its being there is known, undefined where it is gone. */
export function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The name of the program, in parentheses, may contain anything. Behind it stand the state and 18 more fields (proc(5)).
    const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${boot}/${fields[19]}`;
  } catch {
    return isThere(pid) ? '' : undefined;
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}
