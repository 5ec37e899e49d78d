// report.html: one file that needs nothing else; uPlot and the page's own script are written into it.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Figure, RanBench, ReportPlot, Results } from '../figures/results.ts';
import { limits } from './limits.ts';
import { figureRows, manifestRows, tableRows } from './markdown.ts';
import { outlookLines } from './outlook.ts';

const uplot = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');
const script = readFileSync(new URL('./plots.js', import.meta.url), 'utf8');

const style = `
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c4320a; --dim: #888; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
h3 { margin: 2rem 0 .5rem; font-size: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .875rem; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child, .words :is(th, td):last-child { text-align: left; }
.words td:last-child { white-space: normal; }
.met td:nth-child(6) { color: var(--good); } .missed td:nth-child(6) { color: var(--bad); font-weight: 600; }
.unjudged { color: var(--dim); }
.plot { background: #fff; color: #111; padding: .5rem; margin: .5rem 0 1rem; border: 1px solid var(--line); }
`;

export function htmlReport(results: Results): string {
  const { manifest, figures, benches } = results;
  const plots = benches.flatMap((bench) => bench.plots);
  const unmet = outlookLines(figures);
  let drawn = 0;
  const plot = (value: ReportPlot) => `<h3>${escaped(value.title)}</h3><div class="plot" data-plot="${drawn++}"></div>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Trunkline benchmark, ${escaped(manifest.at)}</title>
<style>${readFileSync(join(uplot, 'uPlot.min.css'), 'utf8')}${style}</style></head><body>
<h1>Benchmark of ${escaped(manifest.at)}</h1>
<p>Repeat it with <code>${escaped(manifest.command)}</code>.</p>
<h2>Figures</h2><div class="words">${table(figureRows(figures), (index) => figureClass(figures[index]))}</div>
${unmet.length > 0 ? `<p>What stands in the way of the goals that are not met:</p><ul>${unmet.map((line) => `<li>${escaped(line.replace(/^- |`/g, ''))}</li>`).join('')}</ul>` : ''}
${benches.map((bench) => section(bench, plot)).join('\n')}
<h2>Where and with what</h2><div class="words">${table(manifestRows(manifest))}</div>
<h2>Limits of the method</h2><ul>${limits.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>
<script>${readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8')}</script>
<script type="application/json" id="plots">${JSON.stringify(plots).replaceAll('<', '\\u003c')}</script>
<script>${script}</script>
</body></html>
`;
}

function section(
  { name, description, fault, tables, plots, notes }: RanBench,
  plot: (value: ReportPlot) => string,
): string {
  return `<h2>${escaped(name)}</h2><p>${escaped(description)}</p>
${fault === null ? '' : `<p><strong>It did not come to an end:</strong> ${escaped(fault)}</p>`}
${tables.map((value) => `<h3>${escaped(value.title)}</h3>${table(tableRows(value))}`).join('\n')}
${notes.length > 0 ? `<ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>` : ''}
${plots.map(plot).join('\n')}`;
}

const figureClass = (figure: Figure | undefined): string =>
  figure?.met === null ? 'unjudged' : figure?.met ? 'met' : 'missed';

function table([head = [], ...rows]: readonly (readonly string[])[], rowClass?: (index: number) => string): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('');
  const line = (row: readonly string[], index: number) =>
    `<tr${rowClass ? ` class="${rowClass(index)}"` : ''}>${cells(row, 'td')}</tr>`;
  return `<div class="wide"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${rows.map(line).join('')}</tbody></table></div>`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
