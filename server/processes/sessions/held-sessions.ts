// Holds what is known of the sessions of a gateway process and not stored yet: enough to store them when the process is killed.

import { encodeMsgpack } from '../../../codecs/msgpack.ts';
import type { EventBatch, KeptEvent } from '../../gateway/side/outbox.ts';
import type { SessionEnded, SessionEvent, SessionStarted } from '../../ipc/session-event.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';

/** Events in one batch: an end has a whole record. */
const BATCH_EVENTS = 64;

export class HeldSessions {
  /** Sessions until their end is stored; each with its start until that is stored. */
  readonly #starts = new Map<string, SessionStarted | undefined>();
  /** Ends that the sessions gave themselves. */
  readonly #ends = new Map<string, SessionEnded>();
  /** Turns, and ids that a provider handed out, by their numbers. */
  readonly #kept = new Map<number, SessionEvent>();
  /** The batch that was handed over and is not stored yet: a gateway process sends one at a time. */
  #batch: Uint8Array | undefined;

  announced(started: SessionStarted): void {
    this.#starts.set(started.id, started);
  }

  /** Lets go of a session that did not open after all, or that nobody keeps; not of what is left of an earlier one with its id. */
  forget(id: string): void {
    if (!this.#ends.has(id)) this.#starts.delete(id);
  }

  kept({ number, event }: KeptEvent): void {
    this.#kept.set(number, event);
  }

  /** Takes how a session ends, before its client learns of it; again when it has ended. */
  ending(record: SessionRecord): void {
    if (!this.#starts.has(record.id)) return;
    this.#ends.set(record.id, {
      kind: 'ended',
      id: record.id,
      endedAt: Date.now(),
      record: { ...record, state: 'closed' },
    });
  }

  handedOver({ bytes, started }: EventBatch): void {
    this.#batch = bytes;
    for (const id of started) if (!this.#starts.has(id)) this.#starts.set(id, undefined);
  }

  stored({ started, ended, kept }: EventBatch): void {
    this.#batch = undefined;
    for (const number of kept) this.#kept.delete(number);
    for (const id of started) this.#starts.set(id, undefined);
    for (const id of ended) {
      this.#starts.delete(id);
      this.#ends.delete(id);
    }
  }

  /**
   * Gives, once the process is gone, what has to be stored, in order: what it handed over, starts and turns, ends. Each may be stored twice.
   * An end without a record takes over what the ledger has of the session: it is in a batch behind.
   */
  batches(): readonly Uint8Array[] {
    const lost = (id: string): SessionEvent => ({ kind: 'lost', id, endedAt: Date.now() });
    const starts = [...this.#starts.values()].filter((started) => started !== undefined);
    const ends = [...this.#starts.keys()].map((id) => this.#ends.get(id) ?? lost(id));
    const own = this.#batch === undefined ? [] : [this.#batch];
    return [...own, ...portionsOf([...starts, ...this.#kept.values()]), ...portionsOf(ends)];
  }
}

function portionsOf(events: readonly SessionEvent[]): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(events.length / BATCH_EVENTS) }, (_, index) =>
    encodeMsgpack(events.slice(index * BATCH_EVENTS, (index + 1) * BATCH_EVENTS)),
  );
}
