// What all gateway processes share: which sessions are open, so that ids are unique and a key's limit holds across them.

import type { Channel } from '../ipc/rpc.ts';
import type { SessionRecord } from '../session/session.ts';

/** A session that wants to open. `isOffered`: the id is the client's; `maxSessions`: how many its key may have open at once. */
export interface Claim {
  readonly id: string;
  readonly isOffered: boolean;
  readonly key: string | undefined;
  readonly maxSessions: number | undefined;
}

export type Grant = 'granted' | 'duplicate' | 'full';

/** A gateway process's view of the fleet. */
export interface Fleet {
  /** Reserves a place before the provider is dialled; `release` or `ended` gives it back. */
  reserve(claim: Claim): Grant | Promise<Grant>;
  /** The session has its place until it ends. */
  opened(id: string): void;
  release(id: string): void;
  ended(record: SessionRecord): void;
  /** A session of any process, live or lately ended. */
  find(id: string): Promise<SessionRecord | undefined>;
}

/**
 * The fleet as a gateway process reaches it. An id of our own making is unique, and without a limit there is nothing to wait
 * for: such a session opens without a round trip, and the supervisor, whose process would wake for it, is told once it is open.
 */
export function joinFleet(supervisor: Pick<Channel, 'tell' | 'call'>): Fleet {
  const untold = new Map<string, Claim>();
  return {
    reserve(claim) {
      if (claim.isOffered || claim.maxSessions !== undefined) return supervisor.call<Grant>('reserve', claim);
      untold.set(claim.id, claim);
      return 'granted';
    },
    opened(id) {
      const claim = untold.get(id);
      if (untold.delete(id)) supervisor.tell('reserve', claim);
    },
    release(id) {
      if (!untold.delete(id)) supervisor.tell('release', id);
    },
    ended(record) {
      untold.delete(record.id);
      supervisor.tell('ended', record);
    },
    find: (id) => supervisor.call<SessionRecord | undefined>('find', id),
  };
}

/** The places themselves. `owner` is whoever holds a place, so that the places of a process that died can be given back. */
export interface Places<Owner> {
  reserve(claim: Claim, owner: Owner): Grant;
  release(id: string): void;
  /** Gives back what one owner holds, and tells what that was. */
  releaseAll(owner: Owner): Claim[];
}

export function createPlaces<Owner>(): Places<Owner> {
  const taken = new Map<string, { readonly claim: Claim; readonly owner: Owner }>();
  const perKey = new Map<string, number>();

  function release(id: string): void {
    const place = taken.get(id);
    if (place === undefined) return;
    taken.delete(id);
    const { key } = place.claim;
    if (key === undefined) return;
    const left = (perKey.get(key) ?? 1) - 1;
    if (left === 0) perKey.delete(key);
    else perKey.set(key, left);
  }

  return {
    reserve(claim, owner) {
      const { id, key, maxSessions } = claim;
      if (taken.has(id)) return 'duplicate';
      const open = key === undefined ? 0 : (perKey.get(key) ?? 0);
      if (maxSessions !== undefined && open >= maxSessions) return 'full';
      taken.set(id, { claim, owner });
      if (key !== undefined) perKey.set(key, open + 1);
      return 'granted';
    },
    release,
    releaseAll(owner) {
      const held = [...taken.values()].filter((place) => place.owner === owner).map(({ claim }) => claim);
      for (const { id } of held) release(id);
      return held;
    },
  };
}

/** The newest ended sessions, for whoever asks for one right after its end. */
export function keepLast<T extends { readonly id: string }>(count: number) {
  const kept = new Map<string, T>();
  return {
    add(item: T): void {
      kept.delete(item.id);
      kept.set(item.id, item);
      const [oldest] = kept.keys();
      if (kept.size > count && oldest !== undefined) kept.delete(oldest);
    },
    get: (id: string): T | undefined => kept.get(id),
  };
}
