// The sessions of all gateway processes, kept by the supervisor: ids are unique and the limit of a key holds across processes.

import type { SessionRecord } from '../ipc/session-record.ts';
import type { Reservation, ReserveResult } from '../ipc/session-reservation.ts';

/** The ended sessions that can still be asked for. */
const KEPT_RECORDS = 1000;

interface Reserved<Owner> {
  readonly reservation: Reservation;
  readonly owner: Owner;
}

/** `Owner`: the process that holds a session. */
export class SessionTable<Owner> {
  readonly #reserved = new Map<string, Reserved<Owner>>();
  readonly #perKey = new Map<string, number>();
  /** The newest last. */
  readonly #ended = new Map<string, SessionRecord>();

  reserve(reservation: Reservation, owner: Owner): ReserveResult {
    const { id, key, maxSessions } = reservation;
    if (this.#reserved.has(id)) return 'duplicate';
    const open = key === undefined ? 0 : (this.#perKey.get(key) ?? 0);
    if (maxSessions !== undefined && open >= maxSessions) return 'full';
    this.#reserved.set(id, { reservation, owner });
    if (key !== undefined) this.#perKey.set(key, open + 1);
    return 'granted';
  }

  release(id: string): void {
    const reserved = this.#reserved.get(id);
    if (reserved === undefined) return;
    this.#reserved.delete(id);
    const { key } = reserved.reservation;
    if (key === undefined) return;
    const left = (this.#perKey.get(key) ?? 1) - 1;
    if (left === 0) this.#perKey.delete(key);
    else this.#perKey.set(key, left);
  }

  /** Releases everything that a process holds, and returns it. */
  releaseAll(owner: Owner): readonly Reservation[] {
    const held = [...this.#reserved.values()].filter((reserved) => reserved.owner === owner);
    for (const { reservation } of held) this.release(reservation.id);
    return held.map(({ reservation }) => reservation);
  }

  /** Releases a session that has ended, and keeps its record for a while. */
  ended(record: SessionRecord): void {
    this.release(record.id);
    this.#ended.delete(record.id);
    this.#ended.set(record.id, record);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > KEPT_RECORDS && oldest !== undefined) this.#ended.delete(oldest);
  }

  endedRecord(id: string): SessionRecord | undefined {
    return this.#ended.get(id);
  }
}
