// Places of open sessions in the scopes that have a limit, for machines that share a database. A place counts while its instance has a lease.

import type { HeldPlaces, LimitScope } from '../../../../ipc/limits.ts';
import type { LimitWish } from '../../contract/limits.ts';
import type { Database, Query } from '../../database.ts';
import { insertAll, queryForIds, table } from '../../row-mapping.ts';

interface PlaceRow {
  readonly owner: string;
  readonly session: string;
  readonly scope: string;
  readonly takenAt: number;
}

const places = table<PlaceRow>('session_place', { owner: 'text', session: 'text', scope: 'text', takenAt: 'integer' });

/** Tells whether a scope, whose row is locked, has no place for the session. */
export async function isFull(query: Query, scope: LimitScope, { place, now }: LimitWish): Promise<boolean> {
  if (place === undefined || scope.maxSessions === undefined) return false;
  const [row] = await query(
    `select count(*) as taken from session_place where scope = $1 and not (owner = $2 and session = $3)
       and (owner = $2 or exists (select 1 from lease where lease.owner = session_place.owner and lease.expires_at > $4))`,
    [scope.id, place.owner, place.session, Math.round(now)],
  );
  return Number(row?.taken) >= scope.maxSessions;
}

export async function takePlaces(query: Query, { place, scopes, now }: LimitWish): Promise<void> {
  const limited = place === undefined ? [] : scopes.filter(({ maxSessions }) => maxSessions !== undefined);
  await insertAll(
    query,
    places,
    limited.map(({ id: scope }) => ({ ...place, scope, takenAt: now }) as PlaceRow),
  );
}

export async function givePlaces({ transaction }: Database, owner: string, sessions: readonly string[]): Promise<void> {
  const sql = 'delete from session_place where owner = $1 and session in (:ids)';
  await transaction((query) => queryForIds(query, sessions, sql, [owner]), 'relaxed');
}

export function replacePlaces(
  { transaction }: Database,
  { owner, places: held, asOf }: HeldPlaces & { readonly owner: string },
): Promise<void> {
  return transaction(async (query) => {
    const stored = await query('select session from session_place where owner = $1 and taken_at < $2', [owner, asOf]);
    const own = new Set(held.map(({ session }) => session));
    const gone = stored.flatMap(({ session }) => (own.has(String(session)) ? [] : [String(session)]));
    await queryForIds(
      query,
      gone,
      'delete from session_place where owner = $1 and taken_at < $2 and session in (:ids)',
      [owner, asOf],
    );
    const rows = held.flatMap(({ session, scopes }) =>
      scopes.map((scope) => ({ owner, session, scope, takenAt: asOf })),
    );
    await insertAll(query, places, rows);
  });
}

export async function removeOldLimits({ query }: Database, than: number): Promise<void> {
  await query('delete from limit_use where used_at < $1', [Math.round(than)]);
  await query('delete from session_place where taken_at < $1 and owner not in (select owner from lease)', [
    Math.round(than),
  ]);
}
