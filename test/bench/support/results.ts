// Results of a benchmark that never ran.

import { type Measure, type Results, resultsSchema } from '../../../bench/figures/results.ts';

export function results(measures: Measure[], others: Partial<Results['benches'][number]> = {}): Results {
  const machine = { cpu: 'a cpu', cores: 2, memoryGib: 8, kernel: 'Linux 6', loadAverage: [0, 0, 0] };
  const bench = { name: 'hop', description: 'the hop', seconds: 1, fault: null, figures: [], measures };
  return resultsSchema.parse({
    version: 1,
    manifest: {
      at: '2026-01-02T03:04:05.678Z',
      command: 'npm run bench',
      commit: 'abc',
      isClean: true,
      lockfile: 'def',
      machine,
      node: 'v24.0.0',
      contenders: { direct: 'no hop' },
      absent: { nginx: 'no nginx on PATH' },
      settings: { seed: 1 },
    },
    figures: others.figures ?? [],
    benches: [{ ...bench, tables: [], plots: [], histograms: {}, notes: [], ...others }],
  });
}
