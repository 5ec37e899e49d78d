// Tells of many times, for what suites print in their long modes.

/** Milliseconds. */
export function timesText(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other).map(Math.round);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${sorted.at(-1)} ms`;
}
