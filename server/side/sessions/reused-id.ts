// Sessions under one id. A client may offer an id, and offer it again later, or one that another key has used: each session has rows of
// its own, the first under `<id>`, those after it under `<id>.2`, `<id>.3`, and so on without gaps.

import type { StoredSession } from '../../ipc/records.ts';

const nthId = (id: string, nth: number): string => (nth === 1 ? id : `${id}.${nth}`);

/** The newest session of an offered id. Looks ahead in doubling steps, since nobody keeps count. */
export async function latestWithId<Session extends StoredSession>(
  id: string,
  find: (id: string) => Promise<Session | undefined>,
): Promise<Session | undefined> {
  let newest = await find(id);
  if (newest === undefined) return undefined;
  let [there, missing] = [1, 2];
  for (let next = await find(nthId(id, missing)); next !== undefined; next = await find(nthId(id, missing))) {
    newest = next;
    there = missing;
    missing *= 2;
  }
  while (missing - there > 1) {
    const middle = Math.floor((there + missing) / 2);
    const found = await find(nthId(id, middle));
    newest = found ?? newest;
    if (found === undefined) missing = middle;
    else there = middle;
  }
  return newest;
}

/** The id of the rows of a session that starts. `newest`: of those that started under the same id; the same one, handed over again, keeps its id. */
export function idForRows(
  started: Pick<StoredSession, 'id' | 'key' | 'startedAt'>,
  newest: StoredSession | undefined,
): string {
  if (newest === undefined) return started.id;
  if (newest.startedAt === started.startedAt && newest.key === started.key) return newest.id;
  return nthId(started.id, Number(newest.id.slice(started.id.length + 1) || 1) + 1);
}
