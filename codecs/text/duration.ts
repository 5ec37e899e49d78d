// Durations as people write them in the configuration and in questions: by ISO 8601, in weeks, days, hours and minutes.

export const DURATION = /^P(?!$)(\d+W)?(\d+D)?(T(?!$)(\d+H)?(\d+M)?)?$/;

const UNITS_MS = { W: 604_800_000, D: 86_400_000, H: 3_600_000, M: 60_000 };

/** A `Date` reaches so far, 273,790 years. A time so long before now still fits into 64 bits. */
const LONGEST_MS = 8.64e15;

/** Reads a text that fits DURATION. */
export function millisecondsOf(text: string): number {
  const parts = [...text.matchAll(/(\d+)([WDHM])/g)];
  const sum = parts.reduce((ms, [, count, unit]) => ms + Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS], 0);
  return Math.min(sum, LONGEST_MS);
}

/** Says in messages what a moment may be. */
export const A_MOMENT = 'a time such as 2026-01-31T00:00:00Z, or a duration such as PT2H that has passed since';

/** Reads a time in ISO 8601, or a duration before now, as milliseconds since the epoch; undefined for anything else. */
export function momentOf(text: string, now: number): number | undefined {
  if (DURATION.test(text)) return now - millisecondsOf(text);
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
