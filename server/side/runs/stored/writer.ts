// Writes what runs come to into the store, in batches. Nobody waits for it: while the store takes nothing, what is to be written waits, up to a
// bound, and is written in the order in which it came. Rule: a run that the store does not take holds up no other one.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { withDeadline } from '../../../platform/deadline.ts';
import { faultOf } from '../../../platform/log.ts';
import type { ResponseChange, ResponseRow, ResponseStore, ResponseTexts } from '../../store/contract/responses.ts';
import { StoreError } from '../../store/contract/store.ts';
import type { RunEvent } from '../run.ts';
import {
  bytesIn,
  changesOf,
  type Lost,
  lesserParts,
  splitPart,
  type WaitingPart,
  withoutResult,
  withoutTexts,
} from './writer-part.ts';

/** Time in which events are gathered. */
const EVERY_MS = 100;
/** Pause after the store took nothing. */
const RETRY_MS = 500;
/** Bytes of one transaction: after a while without a store as much may wait as no database takes at once. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Times that a part is tried which the store does not take while it takes others. */
const TRIES = 2;

interface RunWriterOptions {
  readonly store: Pick<ResponseStore, 'writeResponses'>;
  /** Says, before a response is written, that this process lives. */
  readonly prepare: () => Promise<void>;
  /** Writes something small: rejects where the store takes nothing at all. */
  readonly probe: () => Promise<void>;
  /** Bytes that may wait. Beyond it no more events do, and of a response no more than that there is one. */
  readonly maxBytes: () => number;
  /** Called with the id of a run whose log somebody else has ended. */
  readonly onLost: (id: string) => void;
  /** Called with the id of a run of which the store does not take that much, or of which that much may not wait. */
  readonly onUnstored: (id: string, lost: Lost) => void;
  readonly log: Logger;
}

type Batch = ReadonlyMap<string, WaitingPart>;

export class RunWriter {
  readonly #options: RunWriterOptions;
  readonly #waiting = new Map<string, WaitingPart>();
  #waitingBytes = 0;
  /** Counts what was handed over. */
  #given = 0;
  #timer: NodeJS.Timeout | undefined;
  #batch: Batch = new Map();
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: RunWriterOptions) {
    this.#options = options;
  }

  add(response: ResponseRow & ResponseTexts): void {
    const isWhole = this.#hasRoom(bytesIn({ added: response }));
    const added = isWhole ? response : withoutTexts(response);
    this.#of(response.id).added = added;
    this.#waitingBytes += bytesIn({ added });
    this.#soon(0);
    if (!isWhole) this.#options.onUnstored(response.id, 'texts');
  }

  /** False, and nothing of them is written, where too much waits already. */
  append(id: string, events: readonly RunEvent[]): boolean {
    const bytes = bytesIn({ events });
    if (!this.#hasRoom(bytes)) return false;
    this.#waitingBytes += bytes;
    this.#of(id).events.push(...events);
    this.#soon(EVERY_MS);
    return true;
  }

  change(change: ResponseChange): void {
    const part = this.#of(change.id);
    const isWhole =
      change.result === undefined || this.#hasRoom(change.result.length - bytesIn({ change: part.change }));
    const merged = { ...part.change, ...(isWhole ? change : withoutResult(change)) };
    this.#waitingBytes += bytesIn({ change: merged }) - bytesIn({ change: part.change });
    part.change = merged;
    this.#soon(0);
    if (!isWhole && change.endedAt !== undefined) this.#options.onUnstored(change.id, 'texts');
  }

  /** Resolves when all is written that was handed over, or when the time is over. */
  async close(ms: number): Promise<void> {
    await withDeadline(this.flush(), ms).catch((error: unknown) => {
      this.#options.log.warn({ runs: this.#waiting.size, ...faultOf(error) }, 'runs not written to their end');
    });
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Resolves when all is written that was handed over before, whatever comes meanwhile; with an id, of that run alone. */
  async flush(id?: string): Promise<void> {
    const until = this.#given;
    const parts = (from: Batch) => (id === undefined ? [...from.values()] : (from.get(id) ?? []));
    const waits = ({ since }: WaitingPart): boolean => since <= until;
    while (!this.#isClosed && [this.#batch, this.#waiting].flatMap(parts).some(waits))
      await (this.#writing ?? this.#write());
  }

  /** Resolves when the store knows of a run that was added. */
  async known(id: string): Promise<void> {
    const isUnknown = (from: Batch) => from.get(id)?.added !== undefined;
    while (!this.#isClosed && (isUnknown(this.#batch) || isUnknown(this.#waiting)))
      await (this.#writing ?? this.#write());
  }

  #hasRoom(bytes: number): boolean {
    return this.#waitingBytes + bytes <= this.#options.maxBytes();
  }

  #of(id: string): WaitingPart {
    this.#given += 1;
    const known = this.#waiting.get(id);
    if (known !== undefined) return known;
    const part: WaitingPart = { since: this.#given, events: [] };
    this.#waiting.set(id, part);
    return part;
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
    while (this.#waiting.size > 0 && !this.#isClosed) {
      this.#batch = this.#take();
      if (!(await this.#isStored(this.#batch, 1)))
        for (const [id, part] of this.#batch) if (!this.#isClosed) await this.#writeAlone(id, part);
      for (const part of this.#batch.values()) this.#waitingBytes -= bytesIn(part);
      this.#batch = new Map();
      // Events that came meanwhile are gathered, unless there is more than one batch of them.
      if (this.#waitingBytes < BATCH_BYTES) return;
    }
  }

  /** Takes the oldest of what waits. Where that is much, runs of which the store does not know go first, since somebody may wait for that. */
  #take(): Batch {
    const batch = new Map<string, WaitingPart>();
    let bytes = 0;
    const isMuch = this.#waitingBytes > BATCH_BYTES;
    for (const [id, { since, added, events, change }] of isMuch ? this.#waiting : []) {
      if (added === undefined || bytes >= BATCH_BYTES) continue;
      batch.set(id, { since, added, events: [] });
      bytes += bytesIn({ added });
      if (events.length === 0 && change === undefined) this.#waiting.delete(id);
      else this.#waiting.set(id, { since, events, ...(change && { change }) });
    }
    if (batch.size > 0) return batch;
    for (const [id, part] of this.#waiting) {
      if (bytes >= BATCH_BYTES) break;
      const { head, rest } = splitPart(part, BATCH_BYTES - bytes);
      batch.set(id, head);
      bytes += bytesIn(head);
      if (rest === undefined) this.#waiting.delete(id);
      else this.#waiting.set(id, rest);
    }
    return batch;
  }

  /** Writes as much of a run as the store takes. */
  async #writeAlone(id: string, part: WaitingPart): Promise<void> {
    if (await this.#isStored(new Map([[id, part]]), TRIES)) return;
    for (const { lost, part: less } of lesserParts(id, part)) {
      if (this.#isClosed) return;
      this.#options.onUnstored(id, lost);
      if (less === undefined || (await this.#isStored(new Map([[id, less]]), TRIES))) return;
    }
  }

  /** Tries until it is written. False where the store has refused it as often as that, and takes other things. */
  async #isStored(batch: Batch, tries: number): Promise<boolean> {
    const changes = changesOf(batch);
    for (let refused = 0; !this.#isClosed; ) {
      try {
        if (changes.added.length > 0) await this.#options.prepare();
        const lost = await this.#options.store.writeResponses(changes);
        for (const id of lost) this.#lose(id);
        return true;
      } catch (error) {
        if (await this.#isRefused(error)) refused += 1;
        if (refused === tries) return false;
        this.#options.log.warn(faultOf(error), 'runs not written: tried again');
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
    return true;
  }

  /** Drops what else waits of a run whose log somebody else has ended. */
  #lose(id: string): void {
    const part = this.#waiting.get(id);
    if (part !== undefined) this.#waitingBytes -= bytesIn(part);
    this.#waiting.delete(id);
    this.#options.onLost(id);
  }

  /** A full disk takes what is small, and takes the rest when there is room. */
  async #isRefused(error: unknown): Promise<boolean> {
    if (error instanceof StoreError && error.code !== 'store_unavailable') return false;
    return this.#options.probe().then(
      () => true,
      () => false,
    );
  }
}
