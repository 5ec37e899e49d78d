// Holds the session events of a gateway process until the side process has stored them: bounded, in order, in batches, one at a time.
// Rule: a push only adds an object here; everything else happens in a later turn of the loop. The keys that have something here share
// its room evenly.

import { setTimeout as delay } from 'node:timers/promises';
import { encodeMsgpack } from '../../../codecs/msgpack.ts';
import type { SessionEvent } from '../../ipc/session-event.ts';
import { withDeadline } from '../../platform/deadline.ts';
import { KeyQueues, type Taken } from './key-queue.ts';

export interface EventBatch {
  /** A list of SessionEvent, encoded. */
  readonly bytes: Buffer;
  /** Sessions whose start, or whose end, is among them. */
  readonly started: readonly string[];
  readonly ended: readonly string[];
  /** Numbers of the events among them that `onKept` was told. */
  readonly kept: readonly number[];
}

/** An event that waits here. `number`: counts up from 1. */
export interface KeptEvent {
  readonly number: number;
  readonly event: SessionEvent;
}

export interface OutboxLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
  /** True where keys share the room; false when not given. */
  readonly isShared?: boolean;
  /** `lose`: no session is refused, and the events of one that begins when there is no room are dropped. */
  readonly whenFull: 'refuse' | 'lose';
}

interface OutboxOptions extends OutboxLimits {
  /** Resolves when the batch is stored. The same batch is sent again after a rejection. */
  readonly send: (batch: EventBatch) => Promise<void>;
  /** Called at once for a turn or ids that wait here: somebody who outlives this process can store them in its place. */
  readonly onKept?: (kept: KeptEvent) => void;
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
/** Estimated size of an event beside its texts; an end has the whole record, with the latencies of its turns. */
const ITEM_BYTES = 512;
const END_BYTES = 2 * 1024;
const LATENCY_BYTES = 48;
const ID_BYTES = 128;
const MAX_BACKOFF = 20;
/** Where keys share the room, one that has nothing yet finds its part also while the others hold all of it. */
const MOST_SHARED = 2;

/** Why a session may not begin: the key has its share here, or there is room for nobody. */
type Fullness = 'share' | 'all';

export class Outbox {
  readonly #options: Omit<OutboxOptions, keyof OutboxLimits>;
  #limits: OutboxLimits;
  readonly #queues = new KeyQueues<KeptEvent>();
  /** Sessions whose start was kept and whose end has yet to come, with their keys. Their ends always find room: there is one for each. */
  readonly #sessions = new Map<string, string | undefined>();
  #lastNumber = 0;
  #lost = 0;
  #isLosing = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Resolves when nothing is left; undefined while nothing is on its way. */
  #delivery: Promise<void> | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#limits = options;
  }

  /** Holds what comes from now on to other limits. */
  useLimits(limits: OutboxLimits): void {
    this.#limits = limits;
  }

  /** Tells why new sessions of a key are to be refused; live ones may still push as much again. `key`: undefined in open mode. */
  fullness(key: string | undefined): Fullness | undefined {
    if (this.#limits.whenFull !== 'refuse') return undefined;
    if (this.isFull) return 'all';
    return this.#hasRoom(1, key) ? undefined : 'share';
  }

  /** True when new sessions are to be refused, whoever asks. */
  get isFull(): boolean {
    const { whenFull, maxItems, maxBytes } = this.#limits;
    const { items, bytes } = this.#queues.all;
    const times = this.#isShared ? MOST_SHARED : 1;
    return whenFull === 'refuse' && (items >= maxItems * times || bytes >= maxBytes * times);
  }

  /** Events that wait to be stored. */
  get items(): number {
    return this.#queues.all.items;
  }

  /** Estimated bytes of those events. */
  get bytes(): number {
    return this.#queues.all.bytes;
  }

  /** Events that could not be kept, so far. */
  get lost(): number {
    return this.#lost;
  }

  /** True when it is kept, and will be stored. Ids that find no room are not lost: they are pushed again. */
  push(event: SessionEvent): boolean {
    if (this.#isClosed) return false;
    const key = this.#keyOf(event);
    if (!this.#mayKeep(event, key)) {
      if (event.kind !== 'handed-out') this.#lose();
      return false;
    }
    if (event.kind === 'started') this.#sessions.set(event.id, key);
    if (event.kind === 'ended') this.#sessions.delete(event.id);
    const kept: KeptEvent = { number: ++this.#lastNumber, event };
    this.#queues.add(key, kept, sizeOf(event));
    const { batchMs = 100, onKept } = this.#options;
    if (isToldAtOnce(event)) onKept?.(kept);
    if (this.#delivery === undefined) this.#timer ??= setTimeout(() => this.#deliver(), batchMs).unref();
    return true;
  }

  /** Takes note that a session goes on elsewhere: nothing more comes of it here. */
  forget(session: string): void {
    this.#sessions.delete(session);
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
    this.#queues.clear();
  }

  get #isShared(): boolean {
    return this.#limits.isShared === true;
  }

  /** The key that the event counts for. */
  #keyOf(event: SessionEvent): string | undefined {
    if (event.kind === 'started' || event.kind === 'handed-out') return event.key;
    return this.#sessions.get(event.kind === 'turn' ? event.session : event.id);
  }

  /** True while the key holds less than its part of `times` the room, and there is any. */
  #hasRoom(times: number, key: string | undefined): boolean {
    const { maxItems, maxBytes } = this.#limits;
    const { all } = this.#queues;
    const most = this.#isShared ? times - 1 + MOST_SHARED : times;
    if (all.items >= maxItems * most || all.bytes >= maxBytes * most) return false;
    const own = this.#queues.of(key);
    const keys = this.#isShared ? this.#queues.keysWith(key) : 1;
    return own.items < (maxItems * times) / keys && own.bytes < (maxBytes * times) / keys;
  }

  #mayKeep(event: SessionEvent, key: string | undefined): boolean {
    const { whenFull } = this.#limits;
    switch (event.kind) {
      case 'started':
        return whenFull === 'refuse' || this.#hasRoom(1, key);
      case 'turn':
        // Live sessions have as much room again while new ones are refused, before their turns are lost.
        return this.#sessions.has(event.session) && this.#hasRoom(whenFull === 'refuse' ? 2 : 1, key);
      case 'handed-out':
        return this.#hasRoom(whenFull === 'refuse' ? 2 : 1, key);
      case 'draining':
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
    if (!this.#queues.isEmpty) this.#delivery ??= this.#sendAll();
    await this.#delivery;
  }

  /** Sends from the oldest of each key on; a batch leaves the queue when it is stored. */
  async #sendAll(): Promise<void> {
    while (!this.#queues.isEmpty && !this.#isClosed) {
      const taken: Taken<KeptEvent> = this.#queues.take({ items: BATCH_ITEMS, bytes: BATCH_BYTES });
      await this.#store(batchOf(taken.items));
      if (this.#isClosed) break;
      this.#queues.letGo(taken);
      if (this.#queues.isEmpty) this.#isLosing = false;
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
}

function batchOf(kept: readonly KeptEvent[]): EventBatch {
  const events = kept.map(({ event }) => event);
  return {
    bytes: encodeMsgpack(events),
    started: idsOf(events, 'started'),
    ended: idsOf(events, 'ended'),
    kept: kept.flatMap(({ number, event }) => (isToldAtOnce(event) ? [number] : [])),
  };
}

/** The start and the end of a session are told by the session itself, ahead of its client. */
const isToldAtOnce = ({ kind }: SessionEvent): boolean => kind === 'turn' || kind === 'handed-out';

/** Estimates the bytes that an event takes here and on its way. */
function sizeOf(event: SessionEvent): number {
  if (event.kind === 'ended') return END_BYTES + LATENCY_BYTES * event.record.turns.length;
  if (event.kind === 'handed-out') return ID_BYTES * (1 + event.ids.length);
  if (event.kind !== 'turn') return ITEM_BYTES;
  return ITEM_BYTES + 2 * ((event.user?.length ?? 0) + (event.assistant?.length ?? 0));
}

function idsOf(events: readonly SessionEvent[], kind: 'started' | 'ended'): readonly string[] {
  return events.flatMap((event) => (event.kind === kind ? [event.id] : []));
}
