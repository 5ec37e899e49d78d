// Reads metrics the way a scraper does.

import type { Registry } from 'prom-client';
import { guide } from './pages.ts';

/** The sum of the samples with this name whose labels include these. */
export function sample(text: string, name: string, labels: Readonly<Record<string, string | number>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

export async function sampleOf(
  registry: Registry,
  ...query: [string, Record<string, string | number>?]
): Promise<number> {
  return sample(await registry.metrics(), ...query);
}

/** The metrics that docs/operations.md has, with their labels. */
export function metricsOnPage(): ReadonlyMap<string, readonly string[]> {
  const [table = ''] = guide('docs/operations.md').text.split('\n## Metrics\n')[1]?.split('\n## ') ?? [];
  const words = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, word = '']) => word);
  const rows = [...table.matchAll(/^\| (`[^|]*)\|([^|]*)\|/gm)];
  return new Map(
    rows.flatMap(([, names = '', labels = '']) => words(names).map((name) => [name, words(labels)] as const)),
  );
}
