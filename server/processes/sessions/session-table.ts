// The sessions of all gateway processes, kept by the supervisor: ids are unique and limits hold across processes.

import type { Rpc } from '../../ipc/channel/rpc.ts';
import type { LimitScope } from '../../ipc/limits.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';
import type { HeldCall, Reservation, ReserveResult } from '../../ipc/session-reservation.ts';

/** The ended sessions that can still be asked for. */
const KEPT_RECORDS = 1000;

type Reserved<Owner> = Reservation & { readonly owner: Owner };

/** `Owner`: the process that holds a session. */
export class SessionTable<Owner> {
  readonly #reserved = new Map<string, Reserved<Owner>>();
  /** Counts of open sessions by scope: a limit is checked at every start, however many sessions there are. */
  readonly #openByScope = new Map<string, number>();
  readonly #calls = new Map<string, HeldCall>();
  /** A supervisor that serves in the place of this one, and has a table of its own. */
  #next: Pick<Rpc, 'call' | 'notify'> | undefined;
  /** The newest last. */
  readonly #ended = new Map<string, SessionRecord>();

  reserve(reservation: Reservation, owner: Owner): ReserveResult {
    const { id, scopes } = reservation;
    if (this.#reserved.has(id)) return 'duplicate';
    const full = scopes.find(
      ({ id: scope, maxSessions }) => maxSessions !== undefined && this.#openOf(scope) >= maxSessions,
    );
    if (full !== undefined) return { kind: 'full', scope: full };
    this.#reserved.set(id, { ...reservation, owner });
    this.#count(scopes, 1);
    return 'granted';
  }

  /** Lets the table of another supervisor have what is here, know from now on what changes, and decide, too. */
  follow(next: Pick<Rpc, 'call' | 'notify'> | undefined): void {
    this.#next = next;
    for (const { owner: _, ...reservation } of this.#reserved.values()) next?.notify('reserve', reservation);
  }

  /** Reserves a place that this table has granted in the other one as well. Where that is gone, this one decides alone. */
  async reserveNext(reservation: Reservation): Promise<ReserveResult> {
    const answer = await this.#next?.call<ReserveResult>('reserve', reservation).catch(() => 'granted' as const);
    return answer ?? 'granted';
  }

  release(id: string): void {
    const session = this.#reserved.get(id);
    if (session === undefined) return;
    this.#next?.notify('release', id);
    this.#reserved.delete(id);
    this.#count(session.scopes, -1);
  }

  /** Takes the call of a session that is there. */
  holds(call: HeldCall): void {
    if (this.#reserved.has(call.session)) this.#calls.set(call.session, call);
  }

  /** Returns the call of a session, of which nothing more is known here from now on. */
  takeCall(id: string): HeldCall | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  /** The sessions that are open, or about to. */
  get all(): readonly Reservation[] {
    return [...this.#reserved.values()];
  }

  /** Returns the session that is under this id now, with its owner. */
  present(id: string): Reserved<Owner> | undefined {
    return this.#reserved.get(id);
  }

  /** Releases everything that a process holds, and returns it. */
  releaseAll(owner: Owner): readonly Reservation[] {
    const held = [...this.#reserved.values()].filter((session) => session.owner === owner);
    for (const { id } of held) this.release(id);
    return held;
  }

  /** Releases a session that has ended, and keeps its record for a while. */
  ended(record: SessionRecord): void {
    this.#next?.notify('ended', record);
    this.release(record.id);
    this.#calls.delete(record.id);
    this.#ended.delete(record.id);
    this.#ended.set(record.id, record);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > KEPT_RECORDS && oldest !== undefined) this.#ended.delete(oldest);
  }

  endedRecord(id: string): SessionRecord | undefined {
    return this.#ended.get(id);
  }

  #openOf(scope: string): number {
    return this.#openByScope.get(scope) ?? 0;
  }

  #count(scopes: readonly LimitScope[], change: 1 | -1): void {
    for (const { id } of scopes) {
      const open = this.#openOf(id) + change;
      if (open > 0) this.#openByScope.set(id, open);
      else this.#openByScope.delete(id);
    }
  }
}
