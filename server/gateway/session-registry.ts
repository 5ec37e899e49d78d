// Registers the sessions of all gateway processes with the supervisor, so that ids are unique and a key's limit holds across processes.

import type { Rpc } from '../ipc/rpc.ts';
import type { SessionStarted } from '../ipc/session-event.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import type { Reservation, ReserveResult, SessionOpened } from '../ipc/session-reservation.ts';

/** The registry, as a gateway process sees it. */
export type SessionRegistry = ReturnType<typeof createSessionRegistry>;

/**
 * Asks the supervisor only where it has to decide. An id of our own making is unique, and a key without a limit always has a place: such
 * a session opens without a round trip, and the supervisor is told when the session opens.
 */
export function createSessionRegistry(supervisor: Pick<Rpc, 'notify' | 'call'>) {
  const unannounced = new Map<string, Reservation>();
  return {
    /** Reserves a place before the provider is dialled; `release` or `ended` gives it back. */
    reserve(reservation: Reservation): ReserveResult | Promise<ReserveResult> {
      if (reservation.isOffered || reservation.maxSessions !== undefined)
        return supervisor.call<ReserveResult>('reserve', reservation);
      unannounced.set(reservation.id, reservation);
      return 'granted';
    },
    /** Keeps the place until the session ends. What is said here is in the channel, and outlives a kill of this process. */
    opened(id: string, started: SessionStarted | undefined): void {
      const reservation = unannounced.get(id);
      unannounced.delete(id);
      const opened: SessionOpened = { reservation, started };
      if (reservation !== undefined || started !== undefined) supervisor.notify('opened', opened);
    },
    /** Tells how a session ends, before its client learns of it. */
    ending: (record: SessionRecord) => supervisor.notify('ending', record),
    release(id: string): void {
      if (!unannounced.delete(id)) supervisor.notify('release', id);
    },
    ended(record: SessionRecord): void {
      unannounced.delete(record.id);
      supervisor.notify('ended', record);
    },
    /** Finds a session of any process, live or lately ended. */
    find: (id: string) => supervisor.call<SessionRecord | undefined>('find', id),
  };
}
