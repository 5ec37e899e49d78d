// The sessions of all gateway processes, kept by the supervisor: ids are unique and the limit of a key holds across processes.

import type { SessionRecord } from '../ipc/session-record.ts';
import type { Reservation, ReserveResult } from '../ipc/session-reservation.ts';

/** The ended sessions that can still be asked for. */
const KEPT_RECORDS = 1000;

type Reserved<Owner> = Reservation & { readonly owner: Owner };

/** `Owner`: the process that holds a session. */
export class SessionTable<Owner> {
  readonly #reserved = new Map<string, Reserved<Owner>>();
  /** The newest last. */
  readonly #ended = new Map<string, SessionRecord>();

  reserve(reservation: Reservation, owner: Owner): ReserveResult {
    const { id, key, maxSessions } = reservation;
    if (this.#reserved.has(id)) return 'duplicate';
    if (maxSessions !== undefined && this.#where((session) => session.key === key).length >= maxSessions) return 'full';
    this.#reserved.set(id, { ...reservation, owner });
    return 'granted';
  }

  release(id: string): void {
    this.#reserved.delete(id);
  }

  /** Releases everything that a process holds, and returns it. */
  releaseAll(owner: Owner): readonly Reservation[] {
    const held = this.#where((session) => session.owner === owner);
    for (const { id } of held) this.release(id);
    return held;
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

  #where(condition: (session: Reserved<Owner>) => boolean): readonly Reserved<Owner>[] {
    return [...this.#reserved.values()].filter(condition);
  }
}
