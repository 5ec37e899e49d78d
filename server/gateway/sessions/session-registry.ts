// Registers the sessions of all gateway processes with the supervisor, so that ids are unique and limits hold across processes.

import type { Rpc } from '../../ipc/channel/rpc.ts';
import { isLimited } from '../../ipc/limits.ts';
import type { SessionStarted } from '../../ipc/session-event.ts';
import type { SessionRecord } from '../../ipc/session-record.ts';
import type { HeldCall, Reservation, ReserveResult, SessionAnnounced } from '../../ipc/session-reservation.ts';

/** The registry, as a gateway process sees it. */
export type SessionRegistry = ReturnType<typeof createSessionRegistry>;

/**
 * Asks the supervisor only where it has to decide. An id of our own making is unique, and a session that counts for no limit always has a place: such
 * a session opens without a round trip, and the supervisor is told while the provider is dialled.
 */
export function createSessionRegistry(supervisor: Pick<Rpc, 'notify' | 'call' | 'flush'>) {
  /** Places that need no answer: of sessions that the supervisor has yet to be told of. */
  const unannounced = new Map<string, Reservation>();
  /** Sessions whose places others may wait for. */
  const awaited = new Set<string>();
  return {
    /** Reserves a place before the provider is dialled; `release` or `ended` gives it back. */
    reserve(reservation: Reservation): ReserveResult | Promise<ReserveResult> {
      const { id, isOffered, scopes } = reservation;
      if (isOffered || isLimited(scopes)) {
        awaited.add(id);
        return supervisor.call<ReserveResult>('reserve', reservation);
      }
      unannounced.set(id, reservation);
      return 'granted';
    },
    /** Tells of a session whose provider is being dialled, in one message with the others of this turn of the loop. */
    announce(id: string, started: SessionStarted | undefined): void {
      const announced: SessionAnnounced = { reservation: unannounced.get(id), started };
      unannounced.delete(id);
      if (announced.reservation ?? started) supervisor.notify('announced', announced, 'this-turn');
    },
    /** Tells of a call that this process holds, so that it can be ended when this process is gone. Called before its client learns of it. */
    holds(call: HeldCall): void {
      supervisor.notify('holds', call);
    },
    /** Called before the 101. What was announced is in the channel from now on, and outlives a kill of this process. */
    opened: () => supervisor.flush(),
    /** Takes back that the events of a session are kept. */
    notKept: (id: string) => supervisor.notify('notKept', id),
    /** Tells how a session ends, before its client learns of it. */
    ending: (record: SessionRecord) => supervisor.notify('ending', record),
    release(id: string): void {
      awaited.delete(id);
      if (!unannounced.delete(id)) supervisor.notify('release', id);
    },
    ended(record: SessionRecord): void {
      supervisor.notify('ended', record, awaited.delete(record.id) ? 'now' : 'later');
    },
    /** Returns the socket of the process that holds a session, for clients that come back to it; undefined: no other one does. */
    holderOf: (id: string) => supervisor.call<string | undefined>('holderOf', id),
    /** Finds a session of any process, live or lately ended. */
    find: (id: string) => supervisor.call<SessionRecord | undefined>('find', id),
  };
}
