// Finds runs in the store: those of other processes, and those that have left the memory of this one. One whose process is gone is ended on the way.

import { setTimeout as delay } from 'node:timers/promises';
import type { Requester } from '../../../ipc/side-request.ts';
import type { ResponseRow } from '../../store/contract/responses.ts';
import type { Store } from '../../store/contract/store.ts';
import { canReadResponse } from '../conversation/history.ts';
import type { RunCounts } from '../run.ts';
import { endLostRuns } from './gone.ts';
import { StoredRun } from './run.ts';

/** Time within which the row of a response that another process has begun is in the store. */
const ROW_MS = 1000;
const LOOK_MS = 50;
/** Ids that are made here. */
const OWN_ID = /^resp_[0-9a-f]{32}$/;

export class StoredRuns {
  readonly #store: Store;
  readonly #counts: Pick<RunCounts, 'ended' | 'resumed'>;
  #readers = 0;

  constructor(store: Store, counts: Pick<RunCounts, 'ended' | 'resumed'>) {
    this.#store = store;
    this.#counts = counts;
  }

  /** Readers of this process that read a log in the store. */
  get readers(): number {
    return this.#readers;
  }

  /** Finds the row of a response that the requester may read. */
  async row(id: string, requester: Requester): Promise<ResponseRow | undefined> {
    const row = (await this.#store.response(id)) ?? (await this.#rowToCome(id));
    if (row === undefined || !canReadResponse(requester, row)) return undefined;
    if (row.endedAt !== undefined || (await this.endLost(id)) === 0) return row;
    return this.#store.response(id);
  }

  /** Only front ends of chats have notes. */
  async run(row: ResponseRow): Promise<StoredRun> {
    const texts = row.chat === undefined ? {} : await this.#store.responseTexts([row.id]);
    const means = { store: this.#store, endLost: this.endLost, onReading: this.#onReading };
    return new StoredRun(row, means, texts[row.id]?.note);
  }

  /** Ends runs of processes that are gone; with the id, that one alone. Resolves with how many were ended. */
  readonly endLost = async (id?: string): Promise<number> => {
    const ended = await endLostRuns(this.#store, Date.now(), id);
    this.#counts.ended('lost', ended);
    return ended;
  };

  readonly #onReading = (): (() => void) => {
    this.#readers += 1;
    this.#counts.resumed('store');
    return () => {
      this.#readers -= 1;
    };
  };

  /** Waits for the row of a response that its client knows, and its process has yet to write. */
  async #rowToCome(id: string): Promise<ResponseRow | undefined> {
    const until = performance.now() + ROW_MS;
    while (OWN_ID.test(id) && performance.now() < until) {
      await delay(LOOK_MS, undefined, { ref: false });
      const row = await this.#store.response(id);
      if (row !== undefined) return row;
    }
    return undefined;
  }
}
