// Writes numbers: three significant digits, never an exponent.

import type { Estimate } from './statistics.ts';

export function digits(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value
    .toFixed(Math.min(places, 6))
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

/** The number for a table's cell; null, which is printed as a dash, for anything that is none. */
export const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Writes `1.2 [1.1, 1.4]`. */
export const withInterval = ({ value, interval: [low, high] }: Estimate): string =>
  `${digits(value)} [${digits(low)}, ${digits(high)}]`;

export const percent = (share: number): string => `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;

/** Columns of text, the first to the left, numbers to the right. */
export function alignedText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}
