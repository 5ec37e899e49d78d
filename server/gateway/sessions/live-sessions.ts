// The sessions of a gateway process that are open or closing, with their keys.

import type { SessionRecord } from '../../ipc/session-record.ts';
import type { CloseReason } from '../../session/close-reason.ts';
import type { Session } from '../../session/session.ts';
import type { Outbox } from '../side/outbox.ts';

/** Part of the sessions that end in a step where memory is short. */
const IDLE_PART = 1 / 20;
/** Interval of the looks for sessions that are between turns. */
const LOOK_MS = 50;

export interface LiveSession {
  readonly session: Pick<Session, 'summary' | 'record' | 'end' | 'terminate'> &
    Partial<Pick<Session, 'returning' | 'quietSince' | 'tellLeaving'>>;
  /** The id of its key; undefined in open mode. */
  readonly key: string | undefined;
  /** Leaves it to another process. Resolves with false where it stays; left out where it cannot be left. */
  leave?(): Promise<boolean>;
}

export class LiveSessions {
  readonly #sessions = new Map<string, LiveSession>();

  get size(): number {
    return this.#sessions.size;
  }

  add(id: string, live: LiveSession): void {
    this.#sessions.set(id, live);
  }

  delete(id: string): void {
    this.#sessions.delete(id);
  }

  summaries(): SessionRecord[] {
    return [...this.#sessions.values()].map(({ session }) => session.summary());
  }

  record(id: string): SessionRecord | undefined {
    return this.#sessions.get(id)?.session.record();
  }

  /** The wait for the client of a session; undefined where its client does not come back. */
  returning(id: string): Session['returning'] {
    return this.#sessions.get(id)?.session.returning;
  }

  /** Tells all that they are ended within that time, whoever listens for that. */
  tellDraining(withinMs: number, outbox: Pick<Outbox, 'push'> | undefined): void {
    const from = Date.now();
    for (const [id, { session }] of this.#sessions) {
      outbox?.push({ kind: 'draining', id, from, until: from + withinMs });
      session.tellLeaving?.(withinMs / 2);
    }
  }

  /** False where there is no such session. */
  end(id: string, reason: CloseReason): boolean {
    const live = this.#sessions.get(id);
    live?.session.end(reason);
    return live !== undefined;
  }

  /** Ends all sessions, or those of these keys. */
  endAll(reason: CloseReason, keys?: ReadonlySet<string | undefined>): void {
    for (const { session, key } of this.#sessions.values()) if (keys?.has(key) !== false) session.end(reason);
  }

  /** Ends the sessions that are open now in the second half of that time, one by one, each between two of its turns. Returns what stops that. */
  endBetweenTurns(reason: CloseReason, withinMs: number): () => void {
    const [all, from] = [this.#sessions.size, performance.now()];
    const begun = new Set<string>();
    const timer = setInterval(() => {
      const due = Math.ceil(all * ((2 * (performance.now() - from)) / withinMs - 1));
      for (const [id, { session, leave }] of this.#sessions) {
        if (begun.size >= due) return;
        if (begun.has(id) || session.quietSince === undefined) continue;
        begun.add(id);
        if (leave === undefined) session.end(reason);
        else void leave().then((isLeft) => isLeft || session.end(reason));
      }
    }, LOOK_MS);
    return () => clearInterval(timer);
  }

  /** Ends those that are between turns and have been without a message for longest, a twentieth of all in each step. */
  endIdlest(reason: CloseReason, steps: number): void {
    const quiet = [...this.#sessions.values()].flatMap(({ session }) => {
      const { quietSince: since } = session;
      return since === undefined ? [] : [{ session, since }];
    });
    quiet.sort((one, other) => one.since - other.since);
    for (const { session } of quiet.slice(0, Math.ceil(IDLE_PART * steps * this.size))) session.end(reason);
  }

  terminateAll(): void {
    for (const { session } of this.#sessions.values()) session.terminate();
  }
}
