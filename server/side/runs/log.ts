// The log of one run in memory. Each reader has a place of its own in it, so that none is held up by another, and none holds up the run.

import type { HttpProblem } from '../../http/problem.ts';
import type { RunEvent, RunReader } from './run.ts';

/** Memory that an event takes beside its text, roughly. */
const OVERHEAD_BYTES = 96;
/** Events that a reader is given at once, and bytes of them, where one event is not more: as much is on its way to a client that reads slowly. */
const MAX_AT_ONCE = 256;
const MAX_BYTES_AT_ONCE = 256 * 1024;

interface Reading {
  readonly reader: RunReader;
  /** Sequence of the event that it gets next. */
  next: number;
  isBusy: boolean;
}

interface RunLogOptions {
  /** Called when there is a first reader, or none any more. */
  readonly onReaders?: () => void;
  /** Called with what a reader threw. */
  readonly onFault?: (error: unknown) => void;
}

export class RunLog {
  readonly #readings = new Set<Reading>();
  readonly #options: RunLogOptions;
  #events: RunEvent[] = [];
  /** Sequence of the first event that is held. */
  #first = 0;
  #heldBytes = 0;
  #totalBytes = 0;
  #isCut = false;
  #isOver = false;

  constructor(options: RunLogOptions = {}) {
    this.#options = options;
  }

  /** Sequence of the next event. */
  get next(): number {
    return this.#first + this.#events.length;
  }

  /** Bytes that are in memory now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes of all events, those that are gone included. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** It is not kept whole: see `cut`. */
  get isCut(): boolean {
    return this.#isCut;
  }

  get readers(): number {
    return this.#readings.size;
  }

  append(events: readonly RunEvent[]): void {
    for (const event of events) {
      this.#events.push(event);
      const bytes = event.data.length + OVERHEAD_BYTES;
      this.#heldBytes += bytes;
      this.#totalBytes += bytes;
    }
    this.#pumpAll();
  }

  /** Says that the last event was appended. */
  end(): void {
    this.#isOver = true;
    this.#pumpAll();
  }

  /** Forgets from now on what all readers have: it goes on for those, and nobody begins to read what is gone. At most so many bytes stay. */
  cut(maxBytes: number): void {
    this.#isCut = true;
    let needed = this.next;
    for (const { next } of this.#readings) needed = Math.min(needed, next);
    this.#forget(needed);
    while (this.#heldBytes > maxBytes && this.#events.length > 0)
      this.#forget(this.#first + Math.ceil(this.#events.length / 2));
  }

  /** Gives the events behind that sequence. Returns what ends the reading, after which the reader hears nothing. */
  read(after: number, reader: RunReader): () => void {
    const reading: Reading = { reader, next: after + 1, isBusy: false };
    this.#readings.add(reading);
    if (this.#readings.size === 1) this.#options.onReaders?.();
    this.#pump(reading);
    return () => this.#leave(reading);
  }

  #leave(reading: Reading): boolean {
    const wasThere = this.#readings.delete(reading);
    if (wasThere && this.#readings.size === 0) this.#options.onReaders?.();
    return wasThere;
  }

  #pumpAll(): void {
    for (const reading of this.#readings) this.#pump(reading);
  }

  #pump(reading: Reading): void {
    while (!reading.isBusy && this.#readings.has(reading)) {
      if (reading.next < this.#first) {
        this.#endReading(reading, notKept);
        return;
      }
      const events = this.#portion(reading.next - this.#first);
      if (events.length === 0) {
        if (this.#isOver) this.#endReading(reading);
        return;
      }
      reading.next += events.length;
      this.#give(reading, events);
    }
  }

  #portion(from: number): readonly RunEvent[] {
    let [to, bytes] = [from, 0];
    for (; to < this.#events.length && to < from + MAX_AT_ONCE; to++) {
      bytes += this.#events[to]?.data.length ?? 0;
      if (bytes > MAX_BYTES_AT_ONCE && to > from) break;
    }
    return this.#events.slice(from, to);
  }

  /** A reader that fails is told so and reads no more, and the run goes on. */
  #give(reading: Reading, events: readonly RunEvent[]): void {
    try {
      const taken = reading.reader.onEvents(events);
      if (taken instanceof Promise) this.#wait(reading, taken);
    } catch (error) {
      this.#fail(reading, error);
    }
  }

  #wait(reading: Reading, taken: Promise<unknown>): void {
    reading.isBusy = true;
    taken.then(
      () => {
        reading.isBusy = false;
        this.#pump(reading);
      },
      (error: unknown) => this.#fail(reading, error),
    );
  }

  #fail(reading: Reading, error: unknown): void {
    this.#options.onFault?.(error);
    this.#endReading(reading, readerFailed);
  }

  #endReading(reading: Reading, problem?: HttpProblem): void {
    if (!this.#leave(reading)) return;
    try {
      reading.reader.onEnd(problem);
    } catch (error) {
      this.#options.onFault?.(error);
    }
  }

  #forget(before: number): void {
    const gone = this.#events.splice(0, Math.max(0, before - this.#first));
    this.#first += gone.length;
    for (const { data } of gone) this.#heldBytes -= data.length + OVERHEAD_BYTES;
  }
}

/** Events in their order, so many bytes of them together where one event is not more. */
export function portionsOf(events: readonly RunEvent[], bytes = MAX_BYTES_AT_ONCE): readonly RunEvent[][] {
  const portions: RunEvent[][] = [];
  let room = 0;
  for (const event of events) {
    if (portions.length === 0 || event.data.length > room) {
      portions.push([]);
      room = bytes;
    }
    portions.at(-1)?.push(event);
    room -= event.data.length;
  }
  return portions;
}

/** The end for a reader that could not take an event. */
export const readerFailed: HttpProblem = {
  status: 500,
  code: 'internal',
  message: 'an event of this response could not be written in this form; get it without stream',
};

/** The answer to whoever wants to read a log from where it is not kept any more. */
export const notKept: HttpProblem = {
  status: 410,
  code: 'response_not_kept',
  message:
    'the events of this response are not kept: it was asked for as a whole, is longer than may be kept (runs.maxBytes, runs.totalBytes), or its time is over (runs.keepMs); get it without stream',
  shouldRetry: false,
};
