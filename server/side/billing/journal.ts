// The journal of a process: calls that began and are not in the store yet, one on each line. It is written before a call is sent, so that a
// killed process leaves what it began. It does not wait for the disk: when the power fails, these calls are gone with it.
// Rule: two files take turns, and one is emptied when all that is in it is stored.

import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { isRunning, startOf } from '../../ipc/run-file.ts';
import type { LedgerRow } from '../../ipc/stored-rows.ts';
import { faultOf } from '../../platform/log.ts';
import type { LeasedCall, LeasedCalls } from '../store/contract/budgets.ts';

interface Page {
  readonly path: string;
  readonly file: number;
  isEmpty: boolean;
}

const NAME = /^calls\.([\w-]+)\.[01]\.jsonl$/;

/** Opens the journal of this process, and makes its folder. Undefined where the folder takes no files, which the log says. */
export function openJournal(dataDirectory: string, holder: string, log: Pick<Logger, 'warn'>): Journal | undefined {
  try {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    return new Journal(dataDirectory, holder);
  } catch (error) {
    log.warn(faultOf(error), 'no journal of calls: each reserves in the store');
    return undefined;
  }
}

export class Journal {
  readonly #pages: readonly [Page, Page];
  readonly #headBytes: number;
  #current = 0;
  #isClosed = false;

  /** Throws when the folder takes no files. `holder` names the process. */
  constructor(dataDirectory: string, holder: string) {
    const head = JSON.stringify({ pid: process.pid, start: startOf(process.pid) });
    const page = (index: number): Page => {
      const path = join(dataDirectory, `calls.${holder}.${index}.jsonl`);
      // Under its name it is never without its head: another process would take it for one of a process that is gone.
      const file = openSync(`${path}.new`, 'ax', 0o600);
      writeSync(file, head);
      renameSync(`${path}.new`, path);
      return { path, file, isEmpty: true };
    };
    this.#headBytes = Buffer.byteLength(head);
    this.#pages = [page(0), page(1)];
  }

  /** Throws when the disk takes no more. */
  write({ row, budgets, reservedMicroUsd }: LeasedCall): void {
    const page = this.#pages[this.#current] as Page;
    page.isEmpty = false;
    // The line before may have been cut off, on a disk that was full.
    writeSync(page.file, `\n${JSON.stringify([row, budgets, reservedMicroUsd])}`);
  }

  /** Begins with storing all that was written. The result is called when that is done. */
  turn(): () => void {
    const other = this.#pages[1 - this.#current] as Page;
    // The other one holds what could not be stored before, and is covered this time.
    const covered = other.isEmpty ? (this.#pages[this.#current] as Page) : other;
    if (other.isEmpty) this.#current = 1 - this.#current;
    return () => {
      // The file may be that of somebody else by now.
      if (this.#isClosed) return;
      if (!covered.isEmpty) ftruncateSync(covered.file, this.#headBytes);
      covered.isEmpty = true;
    };
  }

  /** Removes the files where all is stored, and all leases are given back; else the next process reads them. */
  close(isGivenBack = true): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const { file } of this.#pages) closeSync(file);
    if (!isGivenBack || !this.#pages.every(({ isEmpty }) => isEmpty)) return;
    for (const { path } of this.#pages) rmSync(path, { force: true });
  }
}

interface LeftCalls {
  readonly gone: LeasedCalls;
  /** Removes the files, once the calls are stored. */
  remove(): void;
}

/** Reads what processes that are gone have left in this folder. */
export function readJournals(dataDirectory: string): readonly LeftCalls[] {
  const names = readdirSync(dataDirectory);
  const holders = new Set(names.flatMap((name) => NAME.exec(name)?.[1] ?? []));
  return [...holders].flatMap((holder) => {
    const paths = names.filter((name) => NAME.exec(name)?.[1] === holder).map((name) => join(dataDirectory, name));
    const pages = paths.map((path) => linesOf(textIn(path)));
    if (pages.some(([owner]) => owner !== undefined && isRunning(owner as { pid: number }))) return [];
    const calls = pages.flatMap(([, ...written]) => written.map((line) => callOf(line as WrittenCall)));
    const remove = (): void => {
      for (const path of paths) rmSync(path, { force: true });
    };
    return [{ gone: { holder, calls }, remove }];
  });
}

type WrittenCall = readonly [row: LedgerRow, budgets: readonly string[], reservedMicroUsd: number];

const callOf = ([row, budgets, reservedMicroUsd]: WrittenCall): LeasedCall => ({ row, budgets, reservedMicroUsd });

/** Another process may have read it, and removed it, at the same time. */
function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}

/** The last line of a killed process may be cut off: its call was not sent. */
function linesOf(text: string): readonly unknown[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line)];
    } catch {
      return [];
    }
  });
}
