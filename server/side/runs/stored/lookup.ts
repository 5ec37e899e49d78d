// Finds runs in the store: those of other processes, and those that have left the memory of this one. One whose process is gone is ended on the way.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Requester } from '../../../ipc/side-request.ts';
import type { ResponseRow } from '../../store/contract/responses.ts';
import type { Store } from '../../store/contract/store.ts';
import { canReadResponse } from '../conversation/history.ts';
import type { RunCounts } from '../run.ts';
import type { GoneRuns } from './gone.ts';
import { StoredRun } from './run.ts';

/** Time within which the row of a response that another process has begun is in the store; where its client has events of it, whatever there is to do. */
const ROW_MS = { asked: 1000, begun: 5000 };
const LOOK_MS = 50;
/** Ids that are made here. */
const OWN_ID = /^resp_[0-9a-f]{32}$/;

interface StoredRunsMeans {
  readonly store: Store;
  readonly gone: Pick<GoneRuns, 'end'>;
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
    const texts = row.chat === undefined ? {} : await this.#means.store.responseTexts([row.id]);
    const { store, log } = this.#means;
    const means = { store, log, endLost: this.endLost, onReading: this.#onReading };
    return new StoredRun(row, means, texts[row.id]?.note);
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
    const until = performance.now() + waitMs;
    while (OWN_ID.test(id) && performance.now() < until) {
      await delay(LOOK_MS, undefined, { ref: false });
      const row = await this.#means.store.response(id);
      if (row !== undefined) return row;
    }
    return undefined;
  }
}
