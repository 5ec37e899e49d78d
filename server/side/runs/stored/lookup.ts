// Finds runs in the store: those of other processes, and those that have left the memory of this one. One whose process is gone is ended on the way.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Requester } from '../../../ipc/side-request.ts';
import { withDeadline } from '../../../platform/deadline.ts';
import type { ResponseRow } from '../../store/contract/responses.ts';
import type { Store } from '../../store/contract/store.ts';
import { canReadResponse } from '../conversation/history.ts';
import type { RunCounts } from '../run.ts';
import type { GoneRuns } from './gone.ts';
import { StoredRun } from './run.ts';

/** Time within which the row of a response that another process has begun is in the store; where its client has events of it, whatever there is to do. */
const ROW_MS = { asked: 1000, begun: 5000 };
/** Time in which most rows come, between whose looks is a short time, and between later ones a longer one. */
const SOON_MS = 250;
const LOOK_MS = { soon: 50, later: 250 };
/** Ids that are made here. */
const OWN_ID = /^resp_[0-9a-f]{32}$/;

interface StoredRunsMeans {
  readonly store: Store;
  readonly gone: Pick<GoneRuns, 'end'>;
  /** Side processes of this machine. */
  readonly processes: () => number;
  /** Resolves when the store knows of a response that this process has to write. */
  readonly known: (id: string) => Promise<void>;
  readonly counts: Pick<RunCounts, 'ended' | 'resumed'>;
  readonly log: Logger;
}

export class StoredRuns {
  readonly #means: StoredRunsMeans;
  #readers = 0;

  constructor(means: StoredRunsMeans) {
    this.#means = means;
  }

  /** Readers of this process that read a log in the store. */
  get readers(): number {
    return this.#readers;
  }

  /** Other processes may write into the store, too. */
  get isShared(): boolean {
    const { store, processes } = this.#means;
    return store.kind === 'postgres' || processes() > 1;
  }

  /** Finds the row of a response that the requester may read. `isBegun`: its client has events of it. */
  async row(id: string, requester: Requester, isBegun = false): Promise<ResponseRow | undefined> {
    const waitMs = isBegun ? ROW_MS.begun : ROW_MS.asked;
    const row = (await this.#means.store.response(id)) ?? (await this.#rowToCome(id, waitMs));
    if (row === undefined || !canReadResponse(requester, row)) return undefined;
    if (row.endedAt !== undefined || (await this.endLost(id)) === 0) return row;
    return this.#means.store.response(id);
  }

  /** Only front ends of chats have notes. */
  async run(row: ResponseRow): Promise<StoredRun> {
    const notes = row.chat === undefined ? {} : await this.#means.store.responseNotes([row.id]);
    const { store, log } = this.#means;
    const means = { store, log, endLost: this.endLost, onReading: this.#onReading };
    return new StoredRun(row, means, notes[row.id]);
  }

  /** Ends runs of processes that are gone; with the id, that one alone. Resolves with how many were ended. */
  readonly endLost = async (id?: string): Promise<number> => {
    const ended = await this.#means.gone.end(id);
    this.#means.counts.ended('lost', ended);
    return ended;
  };

  readonly #onReading = (): (() => void) => {
    this.#readers += 1;
    this.#means.counts.resumed('store');
    return () => {
      this.#readers -= 1;
    };
  };

  /** Waits for the row of a response that its client knows, and its process has yet to write. */
  async #rowToCome(id: string, waitMs: number): Promise<ResponseRow | undefined> {
    const { store, known } = this.#means;
    if (!OWN_ID.test(id)) return undefined;
    await withDeadline(known(id), waitMs).catch(() => {});
    for await (const _ of looks(this.isShared ? waitMs : 0)) {
      const row = await store.response(id);
      if (row !== undefined) return row;
    }
    return undefined;
  }
}

/** Says when to look for what comes soon, or late, or never: at once, and until the time is over. */
export async function* looks(waitMs: number): AsyncGenerator<void> {
  const since = performance.now();
  for (;;) {
    yield;
    const passed = performance.now() - since;
    if (passed >= waitMs) return;
    const pauseMs = passed < SOON_MS ? LOOK_MS.soon : LOOK_MS.later;
    await delay(Math.min(pauseMs, waitMs - passed), undefined, { ref: false });
  }
}
