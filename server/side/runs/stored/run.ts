// A run as the store has it: one of another process, or one that has left the memory of this one. It is looked at again and again only while
// somebody reads it.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { faultOf } from '../../../platform/log.ts';
import type { LogPart, ResponseRow } from '../../store/contract/responses.ts';
import { type Store, StoreError } from '../../store/contract/store.ts';
import { typeOfEvent } from '../event-reader.ts';
import { notKept, portionsOf, readerFailed } from '../log.ts';
import type { Run, RunEvent, RunReader } from '../run.ts';

type RunStore = Pick<Store, 'response' | 'logParts' | 'markResponse'>;

interface StoredRunMeans {
  readonly store: RunStore;
  /** Ends the run where its process is gone. */
  readonly endLost: (id: string) => Promise<unknown>;
  /** Hears of a reading that begins. Returns what is called at its end. */
  readonly onReading: () => () => void;
  readonly log: Logger;
}

const POLL_MS = 100;
/** Pause after the store could not be asked. */
const FAULT_MS = 500;
/** Time between two words to whoever runs it that somebody reads. */
const TELL_MS = 2000;
/** Time in which what another process gave its readers is in the store. */
const BEHIND_MS = 5000;
/** Parts that are read at once. */
const MAX_PARTS = 20;

export class StoredRun implements Run {
  readonly note: JsonObject | undefined;
  readonly #means: StoredRunMeans;
  #row: ResponseRow;

  constructor(row: ResponseRow, means: StoredRunMeans, note?: JsonObject) {
    this.#row = row;
    this.#means = means;
    this.note = note;
  }

  get id(): string {
    return this.#row.id;
  }

  get #store(): RunStore {
    return this.#means.store;
  }

  get chat(): string | undefined {
    return this.#row.chat;
  }

  get isStreamed(): boolean {
    return this.#row.isStreamed;
  }

  get startedAt(): number {
    return this.#row.createdAt;
  }

  isOver(): boolean {
    return this.#row.endedAt !== undefined;
  }

  async reaches(sequence: number): Promise<boolean> {
    const until = performance.now() + BEHIND_MS;
    for (;;) {
      const store = this.#store;
      const row = await store.response(this.id);
      const [part] = await store.logParts(this.id, sequence - 1, 1);
      if (part !== undefined) return true;
      if (row === undefined || row.endedAt !== undefined || performance.now() > until) return false;
      await delay(POLL_MS, undefined, { ref: false });
    }
  }

  read(after: number, reader: RunReader): () => void {
    const stop = new AbortController();
    void this.#follow(after, reader, stop.signal).finally(this.#means.onReading());
    return () => stop.abort();
  }

  async cancel(): Promise<void> {
    await this.#store.markResponse(this.id, 'cancelledAt', Date.now());
    await this.#means.endLost(this.id);
  }

  /** A reader that fails is told so, and reads no more. */
  async #follow(after: number, reader: RunReader, signal: AbortSignal): Promise<void> {
    let next = after + 1;
    let toldAt: number | undefined;
    while (!signal.aborted) {
      try {
        const { row, events } = await this.#look(next);
        if (signal.aborted) return;
        if (events.length > 0) {
          if (events[0]?.sequence !== next) return reader.onEnd(notKept);
          for (const portion of portionsOf(events)) {
            if (signal.aborted) return;
            next += portion.length;
            await reader.onEvents(portion);
          }
          continue;
        }
        if (row === undefined || row.endedAt !== undefined || row.isCut) {
          const isWhole = row?.isStreamed === true && !row.isCut;
          return reader.onEnd(isWhole ? undefined : notKept);
        }
        const now = performance.now();
        if (toldAt === undefined || now - toldAt > TELL_MS) {
          toldAt = now;
          await this.#store.markResponse(this.id, 'readAt', Date.now());
          await this.#means.endLost(this.id);
        }
        await delay(POLL_MS, undefined, { ref: false });
      } catch (error) {
        if (!(error instanceof StoreError)) {
          this.#means.log.error(faultOf(error), 'a reader of a run failed');
          return reader.onEnd(readerFailed);
        }
        await delay(FAULT_MS, undefined, { ref: false });
      }
    }
  }

  /** Looks at what there is from that sequence on. The state comes first: when it says that the run is over, all of its log is there. */
  async #look(next: number) {
    const store = this.#store;
    const row = await store.response(this.id);
    if (row !== undefined) this.#row = row;
    const parts = await store.logParts(this.id, next - 1, MAX_PARTS);
    return { row, events: parts.flatMap(eventsOf).filter(({ sequence }) => sequence >= next) };
  }
}

/** Reads the events of a part, which has one on each line. */
function eventsOf({ firstSequence, events }: LogPart): readonly RunEvent[] {
  return events.split('\n').map((data, at) => ({
    sequence: firstSequence + at,
    type: typeOfEvent(data) ?? '',
    data,
  }));
}
