// The open sessions of all gateway processes, kept by the supervisor: ids are unique and the limit of a key holds across processes.

import type { Reservation, ReserveResult } from '../ipc/session-reservation.ts';

/** The places themselves. `owner` is whoever holds a place, so that the places of a process that died can be given back. */
export interface SessionTable<Owner> {
  reserve(claim: Reservation, owner: Owner): ReserveResult;
  release(id: string): void;
  /** Gives back what one owner holds, and tells what that was. */
  releaseAll(owner: Owner): Reservation[];
}

export function createSessionTable<Owner>(): SessionTable<Owner> {
  const taken = new Map<string, { readonly claim: Reservation; readonly owner: Owner }>();
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
