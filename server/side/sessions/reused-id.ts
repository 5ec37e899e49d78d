// Sessions under one id. A client may offer an id, and offer it again later, or one that another key has used: each session has rows of
// its own, the first under `<id>`, those after it under `<id>.2`, `<id>.3`, and so on without gaps.

import type { StoredSession } from '../../ipc/stored-rows.ts';

const nthId = (id: string, nth: number): string => (nth === 1 ? id : `${id}.${nth}`);
const numberOf = (id: string): number => Number(/\.(\d+)$/.exec(id)?.[1] ?? 1);

type Find<Session> = (id: string) => Promise<Session | undefined>;

/** Returns the id that the client of these rows offered, or was given: a UUID, which has no dot. */
export const offeredId = (id: string): string => id.replace(/\.\d+$/, '');

/** Finds the latest session of an offered id. It looks ahead in doubling steps, since no count is kept. */
export async function latestWithId<Session extends StoredSession>(
  id: string,
  find: Find<Session>,
): Promise<Session | undefined> {
  let latest = await find(id);
  if (latest === undefined) return undefined;
  let [found, missing] = [1, 2];
  for (let next = await find(nthId(id, missing)); next !== undefined; next = await find(nthId(id, missing))) {
    latest = next;
    found = missing;
    missing *= 2;
  }
  while (missing - found > 1) {
    const middle = Math.floor((found + missing) / 2);
    const session = await find(nthId(id, middle));
    latest = session ?? latest;
    if (session === undefined) missing = middle;
    else found = middle;
  }
  return latest;
}

/** Chooses the id of a session's rows. `latest` is the last session under the same id; when it is this one again, its id stays. */
export function idForRows(
  started: Pick<StoredSession, 'id' | 'key' | 'startedAt' | 'owner'>,
  latest: StoredSession | undefined,
): string {
  if (latest === undefined) return started.id;
  const isSame = (['startedAt', 'key', 'owner'] as const).every((field) => latest[field] === started[field]);
  if (isSame) return latest.id;
  return nthId(started.id, numberOf(latest.id) + 1);
}

/**
 * Finds a session under an offered id among those that `isWanted`: the one of just this id, else the latest. What another key opened under
 * the same id hides nothing.
 */
export async function wantedWithId<Session extends StoredSession>(
  id: string,
  find: Find<Session>,
  isWanted: (session: Session) => boolean,
): Promise<Session | undefined> {
  const first = await find(id);
  return first === undefined || isWanted(first) ? first : latestWanted(id, find, isWanted);
}

/** Finds the latest session under an offered id among those that `isWanted`. */
export async function latestWanted<Session extends StoredSession>(
  id: string,
  find: Find<Session>,
  isWanted: (session: Session) => boolean,
): Promise<Session | undefined> {
  let session = await latestWithId(id, find);
  for (let nth = numberOf(session?.id ?? id); session !== undefined && !isWanted(session); nth -= 1)
    session = nth > 1 ? await find(nthId(id, nth - 1)) : undefined;
  return session;
}
