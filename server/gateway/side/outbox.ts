// Holds the session events of a gateway process until the side process has stored them: bounded, in order, in batches, one at a time.
// Rule: a push only adds an object here; everything else happens in a later turn of the loop.

import { setTimeout as delay } from 'node:timers/promises';
import { encodeMsgpack } from '../../../codecs/msgpack.ts';
import type { SessionEvent } from '../../ipc/session-event.ts';
import { withDeadline } from '../../platform/deadline.ts';

export interface EventBatch {
  /** A list of SessionEvent, encoded. */
  readonly bytes: Buffer;
  /** Sessions whose start, or whose end, is among them. */
  readonly started: readonly string[];
  readonly ended: readonly string[];
}

interface OutboxOptions {
  readonly maxItems: number;
  readonly maxBytes: number;
  /** `lose`: no session is refused, and the events of one that begins when there is no room are dropped. */
  readonly whenFull: 'refuse' | 'lose';
  /** Resolves when the batch is stored. The same batch is sent again after a rejection. */
  readonly send: (batch: EventBatch) => Promise<void>;
  /** Called when something is lost for the first time since there was room. */
  readonly onLost?: () => void;
  /** Time that an event may wait for others. */
  readonly batchMs?: number;
  /** Pause between two attempts, at first; each failure doubles it, up to MAX_BACKOFF times that. */
  readonly retryMs?: number;
}

/** Encoding and sending a batch holds up the loop: not for more than a fraction of a millisecond. */
const BATCH_ITEMS = 64;
const BATCH_BYTES = 64 * 1024;
/** Estimated size of an event beside its texts; an end has the whole record. */
const ITEM_BYTES = 512;
const END_BYTES = 8 * 1024;
const MAX_BACKOFF = 20;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: SessionEvent[] = [];
  /** Sessions whose start was kept and whose end has yet to come. Their ends always find room: they are no more than live sessions. */
  readonly #sessions = new Set<string>();
  #bytes = 0;
  #lost = 0;
  #isLosing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when nothing is left; undefined while nothing is on its way. */
  #delivery: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** True when new sessions are to be refused; live ones may still push as much again. */
  get isFull(): boolean {
    return this.#options.whenFull === 'refuse' && !this.#hasRoom(1);
  }

  /** Events that wait to be stored. */
  get items(): number {
    return this.#queue.length;
  }

  /** Estimated bytes of those events. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Events that could not be kept, so far. */
  get lost(): number {
    return this.#lost;
  }

  push(event: SessionEvent): void {
    if (this.#isClosed) return;
    if (!this.#mayKeep(event)) return void this.#lose();
    if (event.kind === 'started') this.#sessions.add(event.id);
    if (event.kind === 'ended') this.#sessions.delete(event.id);
    this.#queue.push(event);
    this.#bytes += sizeOf(event);
    const { batchMs = 25 } = this.#options;
    if (this.#delivery === undefined) this.#timer ??= setTimeout(() => this.#deliver(), batchMs).unref();
  }

  /** Resolves with true when everything is stored, with false when that takes longer than `ms`. */
  flush(ms: number): Promise<boolean> {
    return withDeadline(this.#deliver(), ms).then(
      () => true,
      () => false,
    );
  }

  /** Drops everything; nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#bytes = 0;
  }

  #hasRoom(times: number): boolean {
    const { maxItems, maxBytes } = this.#options;
    return this.#queue.length < maxItems * times && this.#bytes < maxBytes * times;
  }

  #mayKeep(event: SessionEvent): boolean {
    const { whenFull } = this.#options;
    switch (event.kind) {
      case 'started':
        return whenFull === 'refuse' || this.#hasRoom(1);
      case 'turn':
        // Live sessions have as much room again while new ones are refused, before their turns are lost.
        return this.#sessions.has(event.session) && this.#hasRoom(whenFull === 'refuse' ? 2 : 1);
      case 'ended':
        return this.#sessions.has(event.id);
      default:
        return true;
    }
  }

  #lose(): void {
    this.#lost += 1;
    if (!this.#isLosing) this.#options.onLost?.();
    this.#isLosing = true;
  }

  async #deliver(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#queue.length > 0) this.#delivery ??= this.#sendAll();
    await this.#delivery;
  }

  /** Sends from the oldest on; a batch leaves the queue when it is stored. */
  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const events = this.#nextBatch();
      await this.#store({
        bytes: encodeMsgpack(events),
        started: idsOf(events, 'started'),
        ended: idsOf(events, 'ended'),
      });
      if (this.#isClosed) break;
      this.#bytes -= this.#queue.splice(0, events.length).reduce((sum, event) => sum + sizeOf(event), 0);
      if (this.#hasRoom(1)) this.#isLosing = false;
    }
    this.#delivery = undefined;
  }

  /** Tries until the batch is stored, or the outbox is closed. */
  async #store(batch: EventBatch): Promise<void> {
    const { send, retryMs = 100 } = this.#options;
    for (let backoff = 1; !this.#isClosed; backoff = Math.min(backoff * 2, MAX_BACKOFF)) {
      try {
        return await send(batch);
      } catch {
        await delay(retryMs * backoff, undefined, { ref: false });
      }
    }
  }

  #nextBatch(): readonly SessionEvent[] {
    let size = 0;
    let count = 0;
    for (const event of this.#queue) {
      size += sizeOf(event);
      if (count === BATCH_ITEMS || (count > 0 && size > BATCH_BYTES)) break;
      count += 1;
    }
    return this.#queue.slice(0, count);
  }
}

/** Estimates the bytes that an event takes here and on its way. */
function sizeOf(event: SessionEvent): number {
  if (event.kind === 'ended') return END_BYTES;
  if (event.kind !== 'turn') return ITEM_BYTES;
  return ITEM_BYTES + 2 * ((event.user?.length ?? 0) + (event.assistant?.length ?? 0));
}

function idsOf(events: readonly SessionEvent[], kind: 'started' | 'ended'): readonly string[] {
  return events.flatMap((event) => (event.kind === kind ? [event.id] : []));
}
