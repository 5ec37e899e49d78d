// Finds the names that someone may have meant: those that fewest letters tell from what was written.

/** Longer names are compared by their beginnings, so that hostile ones cost no more than long ones. */
const MAX_CHARS = 100;

/** Up to `count` of the names, the nearest first; names that are equally near keep their order. */
export function nearestNames(written: string, names: readonly string[], count: number): readonly string[] {
  const cut = (name: string) => name.slice(0, MAX_CHARS).toLowerCase();
  const from = cut(written);
  return names
    .map((name) => ({ name, distance: distance(from, cut(name)) }))
    .sort((one, other) => one.distance - other.distance)
    .slice(0, count)
    .map(({ name }) => name);
}

/** Levenshtein's: letters to add, to leave out or to replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] as number) + (from[at - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] as number) + 1, (next[column - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
