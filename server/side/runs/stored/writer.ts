// Writes what runs come to into the store, in batches. Nobody waits for it: while the store takes nothing, what is to be written waits, up to a
// bound, and is written in the order in which it came.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { withDeadline } from '../../../platform/deadline.ts';
import { faultOf } from '../../../platform/log.ts';
import type {
  LogPart,
  ResponseChange,
  ResponseRow,
  ResponseStore,
  ResponseTexts,
} from '../../store/contract/responses.ts';
import type { RunEvent } from '../run.ts';

/** Time in which events are gathered. */
const EVERY_MS = 100;
/** Pause after the store took nothing. */
const RETRY_MS = 500;

interface RunWriterOptions {
  readonly store: Pick<ResponseStore, 'writeResponses'>;
  /** Says, before a response is written, that this process lives. */
  readonly prepare: () => Promise<void>;
  /** Bytes of events that may wait. */
  readonly maxBytes: () => number;
  /** Called with the id of a run whose log somebody else has ended. */
  readonly onLost: (id: string) => void;
  readonly log: Logger;
}

interface Waiting {
  added?: ResponseRow & ResponseTexts;
  events: RunEvent[];
  change?: ResponseChange;
}

type Batch = ReadonlyMap<string, Waiting>;

export class RunWriter {
  readonly #options: RunWriterOptions;
  #waiting = new Map<string, Waiting>();
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: RunWriterOptions) {
    this.#options = options;
  }

  add(response: ResponseRow & ResponseTexts): void {
    this.#of(response.id).added = response;
    this.#soon(0);
  }

  /** False, and nothing of them is written, where too much waits already. */
  append(id: string, events: readonly RunEvent[]): boolean {
    const bytes = events.reduce((sum, { data }) => sum + data.length, 0);
    if (this.#waitingBytes + bytes > this.#options.maxBytes()) return false;
    this.#waitingBytes += bytes;
    this.#of(id).events.push(...events);
    this.#soon(EVERY_MS);
    return true;
  }

  change(change: ResponseChange): void {
    const waiting = this.#of(change.id);
    waiting.change = { ...waiting.change, ...change };
    this.#soon(0);
  }

  /** Resolves when all is written that was handed over, or when the time is over. */
  async close(ms: number): Promise<void> {
    await withDeadline(this.flush(), ms).catch((error: unknown) => {
      this.#options.log.warn({ runs: this.#waiting.size, ...faultOf(error) }, 'runs not written to their end');
    });
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Resolves when all is written that was handed over. */
  async flush(): Promise<void> {
    while (this.#waiting.size > 0 || this.#writing !== undefined) await (this.#writing ?? this.#write());
  }

  #of(id: string): Waiting {
    const known = this.#waiting.get(id);
    if (known !== undefined) return known;
    const waiting: Waiting = { events: [] };
    this.#waiting.set(id, waiting);
    return waiting;
  }

  #soon(ms: number): void {
    if (this.#isClosed || this.#writing !== undefined) return;
    if (ms === 0) clearTimeout(this.#timer);
    else if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#write(), ms);
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.size > 0) this.#soon(EVERY_MS);
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    const batch: Batch = this.#waiting;
    this.#waiting = new Map();
    const changes = changesOf(batch);
    while (!this.#isClosed) {
      try {
        if (changes.added.length > 0) await this.#options.prepare();
        const lost = await this.#options.store.writeResponses(changes);
        for (const { events } of batch.values())
          this.#waitingBytes -= events.reduce((sum, { data }) => sum + data.length, 0);
        for (const id of lost) this.#options.onLost(id);
        return;
      } catch (error) {
        this.#options.log.warn(faultOf(error), 'runs not written: tried again');
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
  }
}

function changesOf(batch: Batch) {
  const entries = [...batch];
  return {
    added: entries.flatMap(([, { added }]) => added ?? []),
    parts: entries.flatMap(([id, { events }]) => partOf(id, events) ?? []),
    changed: entries.flatMap(([, { change }]) => change ?? []),
  };
}

function partOf(response: string, events: readonly RunEvent[]): LogPart | undefined {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return {
    response,
    firstSequence: first.sequence,
    lastSequence: last.sequence,
    events: events.map(({ data }) => data).join('\n'),
  };
}
