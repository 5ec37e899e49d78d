// The table and the measures of the codec benchmark.

import type { BenchResult } from '../../bench.ts';
import { digits } from '../../figures/format.ts';
import { median, spread } from '../../figures/statistics.ts';
import type { CodecCase } from './cases.ts';

/** `times`: id -> nanoseconds of one operation, for each round. */
export function describeCodec(cases: readonly CodecCase[], times: ReadonlyMap<string, readonly number[]>): BenchResult {
  const rows = cases.map(({ id, title, bytes }) => {
    const rounds = times.get(id) ?? [];
    const ns = median(rounds);
    return [title, bytes || null, ns, spread(rounds).map(digits).join(' – '), bytes > 0 ? (bytes / ns) * 1000 : null];
  });
  const measures = cases
    .filter(({ isReference }) => !isReference)
    .map(({ id }) => ({
      id: `codec.ns.${id}`,
      unit: 'ns',
      better: 'lower' as const,
      rounds: [...(times.get(id) ?? [])],
      paired: false,
    }));
  const columns = ['', 'bytes', 'ns', 'ns quartiles', 'MB/s'];
  const table = { title: 'one operation on one core (medians of rounds, each a process of its own)', columns, rows };
  return { figures: [], measures, tables: [table], plots: [], histograms: {}, notes: [] };
}
