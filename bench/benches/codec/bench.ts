// Measures what the hot path does to one frame: nanoseconds and bytes for each operation, without sockets. It is a plain loop,
// since mitata and tinybench report a run of their own and do not take turns in rounds.

import type { Bench, BenchContext } from '../../bench.ts';
import { startRpcProcess } from '../../machine/rpc.ts';
import { codecCases } from './cases.ts';
import type { TimingMethods } from './process.ts';
import { describeCodec } from './report.ts';

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
      const process = context.own(startRpcProcess<TimingMethods>(new URL('./process.ts', import.meta.url)));
      for (const [index, { id, title }] of codecCases.entries()) {
        context.progress(
          `codec: ${title}, round ${round + 1} of ${rounds}`,
          (round + index / codecCases.length) / rounds,
        );
        times.get(id)?.push(await process.time({ id, ms }));
      }
      // A new one for each round: what its compiler decided, it decided by chance.
      await process.stop();
    }
    return describeCodec(codecCases, times);
  },
};

function planOf({ isShort, rounds, seconds }: BenchContext['settings']) {
  return { rounds: rounds ?? (isShort ? 4 : 10), ms: 1000 * (seconds ?? (isShort ? 0.1 : 0.3)) };
}
