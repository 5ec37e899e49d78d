// What a gateway process hands over, until the side process has stored it: bounded, in order, in batches, one of them on its way.
// Whoever hands over only adds an object here; everything else happens in a later turn of the loop.

import { encodeMsgpack } from '../../../codecs/msgpack.ts';
import type { SessionEvent } from '../../ipc/session-event.ts';
import { withDeadline } from '../../platform/deadline.ts';

export interface Outbox {
  push(item: SessionEvent): void;
  /** New sessions are to be refused; live ones may still hand over as much again. */
  readonly isFull: boolean;
  /** What waits to be stored. */
  readonly items: number;
  readonly bytes: number;
  /** What could not be kept, so far. */
  readonly lost: number;
  /** Resolves when everything is stored, or when the time is over: then false. */
  flush(patienceMs: number): Promise<boolean>;
  /** Drops everything; nothing is sent any more. */
  close(): void;
}

export interface EventBatch {
  /** A list of HandedOver, encoded. */
  readonly bytes: Buffer;
  /** Sessions whose start, or whose end, is among them. */
  readonly started: readonly string[];
  readonly ended: readonly string[];
}

export interface OutboxOptions {
  readonly maxItems: number;
  readonly maxBytes: number;
  /** `lose`: nobody is refused, and a session that begins when there is no room is not handed over at all. */
  readonly whenFull: 'refuse' | 'lose';
  /** Resolves when the batch is stored. The same batch is sent again after a rejection. */
  readonly send: (batch: EventBatch) => Promise<void>;
  /** Called when something is lost for the first time since there was room. */
  readonly onLost?: () => void;
  /** How long an item may wait for others. */
  readonly batchMs?: number;
  /** Between two attempts, at first; each failure doubles it, up to 20 times that. */
  readonly retryMs?: number;
}

/** Encoding and sending a batch holds up the loop: not for more than a fraction of a millisecond. */
const BATCH_ITEMS = 64;
const BATCH_BYTES = 64 * 1024;
/** What an item weighs beside its texts; an end has the whole record. */
const ITEM_BYTES = 512;
const END_BYTES = 8 * 1024;
const MAX_BACKOFF = 20;

export function createOutbox(options: OutboxOptions): Outbox {
  const { maxItems, maxBytes, whenFull, send, onLost = () => {}, batchMs = 25, retryMs = 100 } = options;
  const queue: SessionEvent[] = [];
  /** Sessions that were handed over and have yet to end. There is always room for an end: they are no more than live sessions. */
  const open = new Set<string>();
  let bytes = 0;
  let lost = 0;
  let isLosing = false;
  let isSending = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let whenEmpty: (() => void)[] = [];

  function hasRoom(times: number): boolean {
    return queue.length < maxItems * times && bytes < maxBytes * times;
  }

  function push(item: SessionEvent): void {
    if (isClosed) return;
    if (!mayKeep(item)) return void lose();
    if (item.kind === 'started') open.add(item.id);
    if (item.kind === 'ended') open.delete(item.id);
    queue.push(item);
    bytes += weigh(item);
    if (!isSending) schedule(batchMs);
  }

  function mayKeep(item: SessionEvent): boolean {
    switch (item.kind) {
      case 'started':
        return whenFull === 'refuse' || hasRoom(1);
      case 'turn':
        // Refusing new sessions leaves live ones as much again, before their turns are lost.
        return open.has(item.session) && hasRoom(whenFull === 'refuse' ? 2 : 1);
      case 'ended':
        return open.has(item.id);
      default:
        return true;
    }
  }

  function lose(): void {
    lost += 1;
    if (!isLosing) onLost();
    isLosing = true;
  }

  function schedule(afterMs: number): void {
    if (isClosed) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      void deliver();
    }, afterMs).unref();
  }

  /** Sends from the oldest on; a batch leaves the queue when it is stored. */
  async function deliver(): Promise<void> {
    isSending = true;
    let backoff = 1;
    while (queue.length > 0 && !isClosed) {
      const items = nextBatch();
      const batch = { bytes: encodeMsgpack(items), started: idsOf(items, 'started'), ended: idsOf(items, 'ended') };
      while (!isClosed && !(await isStored(batch))) {
        await pause(retryMs * backoff);
        backoff = Math.min(backoff * 2, MAX_BACKOFF);
      }
      if (isClosed) break;
      backoff = 1;
      bytes -= queue.splice(0, items.length).reduce((sum, item) => sum + weigh(item), 0);
      if (hasRoom(1)) isLosing = false;
    }
    isSending = false;
    for (const resolve of whenEmpty) resolve();
    whenEmpty = [];
  }

  function nextBatch(): readonly SessionEvent[] {
    let size = 0;
    let count = 0;
    for (const item of queue) {
      size += weigh(item);
      if (count === BATCH_ITEMS || (count > 0 && size > BATCH_BYTES)) break;
      count += 1;
    }
    return queue.slice(0, count);
  }

  function isStored(batch: EventBatch): Promise<boolean> {
    return send(batch).then(
      () => true,
      () => false,
    );
  }

  return {
    push,
    get isFull() {
      return whenFull === 'refuse' && !hasRoom(1);
    },
    get items() {
      return queue.length;
    },
    get bytes() {
      return bytes;
    },
    get lost() {
      return lost;
    },
    async flush(patienceMs) {
      if (queue.length === 0 && !isSending) return true;
      const { promise: emptied, resolve } = Promise.withResolvers<void>();
      whenEmpty.push(resolve);
      clearTimeout(timer);
      timer = undefined;
      if (!isSending) void deliver();
      return withDeadline(emptied, patienceMs).then(
        () => true,
        () => false,
      );
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      queue.length = 0;
      bytes = 0;
    },
  };
}

/** About as many bytes as it takes here and on its way. */
function weigh(item: SessionEvent): number {
  if (item.kind === 'ended') return END_BYTES;
  if (item.kind !== 'turn') return ITEM_BYTES;
  return ITEM_BYTES + 2 * ((item.user?.length ?? 0) + (item.assistant?.length ?? 0));
}

function idsOf(items: readonly SessionEvent[], kind: 'started' | 'ended'): readonly string[] {
  return items.flatMap((item) => (item.kind === kind ? [item.id] : []));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
