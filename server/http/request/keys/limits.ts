// Finds which of several limits counts: the tightest one.

/** The least of those that are given; undefined where none is. */
export function tightest(...limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined);
  return given.length > 0 ? Math.min(...given) : undefined;
}
