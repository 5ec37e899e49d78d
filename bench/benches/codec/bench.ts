// What the hot path does to one frame, by itself: nanoseconds and bytes for each operation, without sockets.
// A plain loop and not mitata or tinybench: those report a run of their own, and do not take turns in rounds.

import type { Bench, BenchContext, BenchResult } from '../../bench.ts';
import { digits } from '../../figures/format.ts';
import { median, spread } from '../../figures/statistics.ts';
import { startRemote } from '../../load/remote.ts';
import { type CodecCase, codecCases } from './cases.ts';

export const codec: Bench = {
  name: 'codec',
  description: 'what the hot path does to one frame: event type, base64, audio, views',
  seconds: (settings) => {
    const { rounds, ms } = planOf(settings);
    return rounds * (0.4 + (codecCases.length * (ms + 5)) / 1000);
  },
  async run(context) {
    const { rounds, ms } = planOf(context.settings);
    const times = new Map(codecCases.map(({ id }): [string, number[]] => [id, []]));
    for (let round = 0; round < rounds; round += 1) {
      const process = startRemote(new URL('./process.ts', import.meta.url));
      context.onEnd(process.stop);
      for (const [index, { id, title }] of codecCases.entries()) {
        context.progress(
          `codec: ${title}, round ${round + 1} of ${rounds}`,
          (round + index / codecCases.length) / rounds,
        );
        times.get(id)?.push(await process.ask<number>('time', { id, ms }));
      }
      // A new one for each round: what its compiler decided, it decided by chance.
      await process.stop();
    }
    return describeCodec(codecCases, times);
  },
};

function planOf({ isShort, rounds, seconds }: BenchContext['settings']) {
  return { rounds: rounds ?? (isShort ? 5 : 10), ms: 1000 * (seconds ?? (isShort ? 0.1 : 0.3)) };
}

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
