// Counts the use of a rate within the last minute, in a list of amounts with their times. Rule: no minute has more than its rate, whenever it
// begins; amounts of the same second have the time of the last, so that the list stays short.

/** Oldest first. Times are milliseconds since the epoch. */
export type RateUses = readonly (readonly [at: number, amount: number])[];

const WINDOW_MS = 60_000;
const SLOT_MS = 1000;

const slotOf = (at: number): number => Math.floor(at / SLOT_MS);

/** Leaves out what no longer counts. */
export const presentOf = (uses: RateUses, now: number): RateUses => uses.filter(([at]) => at + WINDOW_MS > now);

export const sumOf = (uses: RateUses): number => uses.reduce((sum, [, amount]) => sum + amount, 0);

/** A clock that is behind that of another machine adds to what is latest. */
export function withUse(uses: RateUses, amount: number, now: number): RateUses {
  const last = uses.at(-1);
  if (last === undefined || slotOf(last[0]) < slotOf(now)) return [...uses, [now, amount]];
  return [...uses.slice(0, -1), [Math.max(last[0], now), last[1] + amount]];
}

/** Gives back what was taken at that time and was not used. What has ceased to count meanwhile stays as it is. */
export function withoutUse(
  uses: RateUses,
  amount: number,
  { takenAt, now }: Readonly<Record<'takenAt' | 'now', number>>,
) {
  const counts = takenAt + WINDOW_MS > now;
  const found = uses.findIndex(([at]) => counts && slotOf(at) >= slotOf(takenAt));
  return uses.map(([at, used], index) => [at, index === found ? Math.max(0, used - amount) : used] as const);
}

/** Time until there is room for so much more; undefined: there never is. */
export function waitFor(uses: RateUses, { amount, limit, now }: Readonly<Record<'amount' | 'limit' | 'now', number>>) {
  if (amount > limit) return undefined;
  let left = limit - sumOf(uses);
  for (const [at, used] of uses) {
    if (left >= amount) break;
    left += used;
    if (left >= amount) return at + WINDOW_MS - now;
  }
  return 0;
}

/** Time until nothing of it counts any more. */
export const resetOf = (uses: RateUses, now: number): number => Math.max(0, (uses.at(-1)?.[0] ?? 0) + WINDOW_MS - now);
