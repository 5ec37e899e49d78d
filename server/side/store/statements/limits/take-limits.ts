// Takes places of sessions and parts of rates, in all scopes of a wish or in none. The row of a scope is locked from its first statement on, in the
// order of ids, so that no two wishes pass a limit together.

import {
  type LimitScope,
  RATE_SETTINGS,
  type RateName,
  type RateState,
  type RateStates,
} from '../../../../ipc/limits.ts';
import type { LimitsTaken, LimitWish, RateCorrection } from '../../contract/limits.ts';
import type { Database, Query } from '../../database.ts';
import { byId } from '../../row-mapping.ts';
import { isFull, takePlaces } from './places.ts';
import { presentOf, type RateUses, resetOf, sumOf, waitFor, withoutUse, withUse } from './rate-window.ts';

/** A rate that nobody has used is left out. */
type Uses = Readonly<Partial<Record<RateName, RateUses>>>;
interface Locked {
  readonly scope: LimitScope;
  readonly uses: Uses;
}

/** Most that one use adds: no number from outside may make the sums inexact. */
const MOST_USED = 1_000_000_000_000;

/** Relaxed durability is enough: when the power fails, whoever is counted is gone too. */
export function takeLimits({ transaction }: Database, wish: LimitWish): Promise<LimitsTaken> {
  return transaction<LimitsTaken>(async (query) => {
    const locked: Locked[] = [];
    for (const scope of [...wish.scopes].sort(byId)) {
      locked.push({ scope, uses: await lock(query, scope.id, wish.now) });
      if (await isFull(query, scope, wish)) return { kind: 'full', scope };
    }
    const [refused] = locked.flatMap((one) => beyond(one, wish)).sort(longestFirst);
    if (refused !== undefined) return { kind: 'beyond', ...refused, rates: statesOf(locked, wish) };
    const used = wish.isTrial ? locked : locked.map((one) => ({ ...one, uses: usedBy(one, wish) }));
    if (!wish.isTrial) {
      for (const { scope, uses } of used) if (scope.rates !== undefined) await write(query, scope.id, uses);
      await takePlaces(query, wish);
    }
    return { kind: 'taken', rates: statesOf(used, wish) };
  }, 'relaxed');
}

/** Counts from now on what was used beyond the estimate, and gives back where it was taken what was not used. */
export function correctRate({ transaction }: Database, correction: RateCorrection): Promise<void> {
  return transaction((query) => correctEach(query, correction), 'relaxed');
}

export async function correctEach(query: Query, { scopes, rate, amount, takenAt, now }: RateCorrection): Promise<void> {
  for (const id of [...scopes].sort()) {
    const uses = await lock(query, id, now);
    const present = presentOf(uses[rate] ?? [], now);
    const corrected =
      amount < 0 ? withoutUse(present, -amount, { takenAt, now }) : withUse(present, Math.min(amount, MOST_USED), now);
    await write(query, id, { ...uses, [rate]: corrected });
  }
}

async function lock(query: Query, id: string, now: number): Promise<Uses> {
  const [row] = await query(
    `insert into limit_use (scope, uses, used_at) values ($1, '{}', $2)
     on conflict (scope) do update set used_at = excluded.used_at returning uses`,
    [id, Math.round(now)],
  );
  return JSON.parse(String(row?.uses)) as Uses;
}

async function write(query: Query, id: string, uses: Uses): Promise<void> {
  await query('update limit_use set uses = $2 where scope = $1', [id, JSON.stringify(uses)]);
}

type Refused = Pick<Extract<LimitsTaken, { kind: 'beyond' }>, 'scope' | 'rate' | 'waitMs'>;

/** Tells which rates of a scope have too little left. */
function beyond({ scope, uses }: Locked, { uses: wished, now }: LimitWish): readonly Refused[] {
  return namesOf(wished).flatMap((rate) => {
    const limit = limitOf(scope, rate);
    if (limit === undefined) return [];
    const present = presentOf(uses[rate] ?? [], now);
    const amount = Math.max(1, wished[rate] ?? 0);
    return sumOf(present) + amount <= limit ? [] : [{ scope, rate, waitMs: waitFor(present, { amount, limit, now }) }];
  });
}

const longestFirst = (a: Refused, b: Refused): number =>
  (b.waitMs ?? Number.MAX_VALUE) - (a.waitMs ?? Number.MAX_VALUE);

function usedBy({ scope, uses }: Locked, { uses: wished, now }: LimitWish): Uses {
  const added = namesOf(wished)
    .filter((rate) => limitOf(scope, rate) !== undefined && wished[rate] !== 0)
    .map((rate) => [rate, withUse(presentOf(uses[rate] ?? [], now), wished[rate] ?? 0, now)] as const);
  return { ...uses, ...Object.fromEntries(added) };
}

/** Gives each rate that is wished as it is in the scope that has least left. */
function statesOf(locked: readonly Locked[], { uses: wished, now }: LimitWish): RateStates {
  const states: Partial<Record<RateName, RateState>> = {};
  for (const { scope, uses } of locked) {
    for (const rate of namesOf(wished)) {
      const limit = limitOf(scope, rate);
      if (limit === undefined) continue;
      const present = presentOf(uses[rate] ?? [], now);
      const left = Math.max(0, limit - sumOf(present));
      if (left < (states[rate]?.left ?? Number.POSITIVE_INFINITY))
        states[rate] = { limit, left, resetMs: resetOf(present, now) };
    }
  }
  return states;
}

const namesOf = (rates: Readonly<Partial<Record<RateName, unknown>>>) => Object.keys(rates) as RateName[];

const limitOf = ({ rates }: LimitScope, rate: RateName): number | undefined => rates?.[RATE_SETTINGS[rate]];
