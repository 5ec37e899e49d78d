// Finds the names that someone may have meant: those that fewest letters tell from what was written.

/** Longer names are compared by their beginnings, so that hostile ones cost no more than long ones. */
const MAX_CHARS = 100;
/** Share of the letters that may differ where a single name is taken for a slip of another. */
const MAX_DIFFERENCE = 0.4;

interface Near {
  readonly name: string;
  readonly distance: number;
}

/** Up to `count` of the names, the nearest first; names that are equally near keep their order. */
export function nearestNames(written: string, names: readonly string[], count: number): readonly string[] {
  return byDistance(written, names)
    .slice(0, count)
    .map(({ name }) => name);
}

/** Returns `; did you mean serve?`, or nothing where no known word is near enough. */
export function didYouMean(word: string, known: readonly string[]): string {
  const [best] = byDistance(word, known);
  if (best === undefined) return '';
  const isNear = best.distance <= MAX_DIFFERENCE * Math.max(word.length, best.name.length);
  return isNear ? `; did you mean ${best.name}?` : '';
}

/** Says that nothing has this name, and which name may be meant. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  return `unknown ${what} "${name}"${known.length === 0 ? ': none is configured' : `, ${expectedName(name, known)}`}`;
}

/** Returns `expected one of a, b`, with the one that may be meant. */
export function expectedName(name: string, known: readonly string[]): string {
  return `expected ${known.length > 1 ? 'one of ' : ''}${known.join(', ')}${didYouMean(name, known)}`;
}

function byDistance(written: string, names: readonly string[]): readonly Near[] {
  const cut = (name: string) => name.slice(0, MAX_CHARS).toLowerCase();
  const from = cut(written);
  return names
    .map((name) => ({ name, distance: distance(from, cut(name)) }))
    .sort((one, other) => one.distance - other.distance);
}

/** Letters to add, to leave out, to replace, or to swap with the next (optimal string alignment). */
function distance(from: string, to: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] as number) + (from[at - 1] === to[column - 1] ? 0 : 1);
      const isSwapped = from[at - 1] === to[column - 2] && from[at - 2] === to[column - 1];
      const swapped = isSwapped && at > 1 && column > 1 ? (before[column - 2] as number) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[column] as number) + 1, (next[column - 1] as number) + 1));
    }
    [before, row] = [row, next];
  }
  return row[to.length] as number;
}
