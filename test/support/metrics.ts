// Reads metrics the way a scraper does.

import type { Registry } from 'prom-client';

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
