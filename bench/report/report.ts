// The files of a report: page, text, data with their schema, and a histogram file for each run of the load.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeHistogram, hgrmText } from '../figures/histogram.ts';
import { type Results, resultsJsonSchema } from '../figures/results.ts';
import { htmlReport } from './html.ts';
import { markdownReport } from './markdown.ts';

/** Makes the folder, and writes over what is in it. */
export function writeReport(results: Results, folder: string): void {
  const histograms = results.benches.flatMap((bench) => Object.entries(bench.histograms));
  mkdirSync(join(folder, 'histograms'), { recursive: true });
  writeFileSync(join(folder, 'results.json'), `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(join(folder, 'results.schema.json'), `${JSON.stringify(resultsJsonSchema(), undefined, 1)}\n`);
  writeFileSync(join(folder, 'report.md'), markdownReport(results));
  writeFileSync(join(folder, 'report.html'), htmlReport(results));
  for (const [name, histogram] of histograms) {
    const file = `${name.replace(/[^\w.-]/g, '-')}.hgrm`;
    writeFileSync(join(folder, 'histograms', file), hgrmText(decodeHistogram(histogram)));
  }
}
