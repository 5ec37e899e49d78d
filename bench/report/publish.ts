// Makes a report the committed one: its files without raw histograms, and what the README and the pages say of performance.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digits } from '../figures/format.ts';
import type { Measure, RanBench, Results } from '../figures/results.ts';
import { estimateMedian, median } from '../figures/statistics.ts';
import { figureRows, markdownReport, paddedTable, tableRows } from './markdown.ts';
import { outlookLines } from './outlook.ts';

const BEGIN = '<!-- from the committed report: npm run bench -- report FILE --publish -->\n\n';
const END = '\n<!-- end of what is from the report -->';

const SCALE_PAGE = 'docs/scale.md';

/** Texts by their paths in the repository. */
type Published = ReadonlyMap<string, string>;

/** `read` gives a text of the repository by its path. `name`: the folder of the report in `bench/results`. */
export function publishedTexts(results: Results, name: string, read: (path: string) => string): Published {
  const folder = `bench/results/${name}`;
  const benches = results.benches.map((bench) => ({ ...bench, histograms: {} }));
  const between = (path: string, text: string): [string, string] => [path, withSection(path, read(path), text)];
  const files: [string, string][] = [
    [`${folder}/results.json`, `${JSON.stringify({ ...results, benches }, undefined, 1)}\n`],
    [`${folder}/report.md`, markdownReport(results)],
  ];
  const [only] = results.benches;
  if (only !== undefined && pageOf(results) === SCALE_PAGE)
    return new Map([...files, between(SCALE_PAGE, scaleSection(results, only, folder))]);
  return new Map([
    ...files,
    between('docs/benchmarks.md', benchmarksSection(results, folder)),
    between('docs/capacity.md', capacitySection(results)),
    ['README.md', withAdded(read('README.md'), results)],
  ]);
}

/** Writes them below `root`, instead of the report that was the committed one. Gives the paths. */
export function publish(results: Results, name: string, root: string): string[] {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const texts = publishedTexts(results, name, read);
  const before = committedReport(read(pageOf(results)));
  if (before !== undefined && before !== name)
    rmSync(join(root, 'bench/results', before), { recursive: true, force: true });
  mkdirSync(join(root, 'bench/results', name), { recursive: true });
  for (const [path, text] of texts) writeFileSync(join(root, path), text);
  return [...texts.keys()];
}

/** The page that quotes the report. What a simulation says has one of its own. */
const pageOf = ({ benches }: Results): string =>
  benches.length === 1 && benches[0]?.name === 'scale' ? SCALE_PAGE : 'docs/benchmarks.md';

/** All tables of the simulation. */
const scaleSection = ({ manifest }: Results, { tables, notes }: RanBench, folder: string): string =>
  `[The report](../${folder}/report.md) of \`${manifest.command}\`. ${notes.at(-1)}

${tables.map((table) => `**${table.title}**\n\n${paddedTable(tableRows(table))}\n`).join('\n')}`;

/** The folder in `bench/results` that a page quotes. */
export const committedReport = (page: string): string | undefined =>
  /bench\/results\/([\w-]+)\/report\.md/.exec(page)?.[1];

function withSection(path: string, page: string, text: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error(`${path} has lost the marks of what is from the report`);
  return `${before}${BEGIN}${text}${END}${after}`;
}

function benchmarksSection(results: Results, folder: string): string {
  const { manifest, figures } = results;
  const others = Object.keys(manifest.contenders).filter((name) => !/^(direct|trunkline)/.test(name));
  const absent = Object.keys(manifest.absent).filter((name) => name !== 'trunkline-before');
  const lines = outlookLines(figures);
  return `[The newest report](../${folder}/report.md), of commit \`${manifest.commit.slice(0, 8)}\`, measures direct sessions and calls against those through Trunkline and
through ${others.join(', ')}${absent.length > 0 ? ` (not here: ${absent.join(', ')})` : ''}, on ${manifest.machine.cores} shared cores. All lines below are its lines. \`${manifest.command}\`
repeats it; \`npm run bench -- report ${folder}/results.json\` draws its plots.

${paddedTable(figureRows(figures))}

100 sessions, client audio of 2.6 kB every 40 ms, in milliseconds from the intended time:

${latencyTable(results, 'upstream, 2600 B every 40 ms, 100 sessions')}

100 sessions, provider audio of 16 kB every 40 ms:

${latencyTable(results, 'downstream, 16000 B every 40 ms, 100 sessions')}
${lines.length > 0 ? `\nWhat stands in the way of the goals that are not met, and what would change it:\n\n${lines.join('\n')}\n` : ''}`;
}

function latencyTable({ benches }: Results, title: string): string {
  const table = benches.flatMap(({ tables }) => tables).find((one) => one.title.startsWith(`${title}: latency`));
  return table === undefined ? 'Not measured.' : paddedTable(tableRows(table));
}

const measureIn = ({ benches }: Results, id: string): Measure | undefined =>
  benches.flatMap(({ measures }) => measures).find((one) => one.id === id);

/** Rows with an interval, of what was measured. */
function capacitySection(results: Results): string {
  const seed = 1;
  const row = (what: string, id: string, of: (value: number) => number = (value) => value): string[][] => {
    const rounds = measureIn(results, id)?.rounds ?? [];
    if (rounds.length === 0) return [];
    const { value, interval } = estimateMedian(rounds.map(of), seed);
    return [[what, digits(value), interval.map(digits).join(' .. ')]];
  };
  const { machine } = results.manifest;
  const gateway = (name: string) => `${name === 'trunkline' ? '' : `, ${name} for comparison`}`;
  const rows = ['trunkline', 'haproxy'].flatMap((name) => [
    ...row(`sessions of one core, 40 ms audio${gateway(name)}`, `capacity.sessions_per_core.40ms.${name}`),
    ...row(`sessions of one core, 20 ms audio${gateway(name)}`, `capacity.sessions_per_core.20ms.${name}`),
    ...row(`MiB for 1,000 idle sessions${gateway(name)}`, `capacity.idle_kib.${name}`, (kib) => (kib * 1000) / 1024),
  ]);
  const calls = row('chat completions a second of one core', 'side_hop.cpu_us.whole.trunkline', (us) => 1e6 / us);
  const starts = row(
    'session starts and ends a second of one core',
    'session_start.cpu_us.loopback.trunkline',
    (us) => 1e6 / us,
  );
  return `Measured on ${machine.cores} shared cores (${machine.cpu}), with Node ${results.manifest.node.slice(1)}:

${paddedTable([['what', 'value', '95 % interval'], ...rows, ...calls, ...starts])}
`;
}

/** The README's one figure. */
function withAdded(readme: string, results: Results): string {
  const ms = (name: string) => digits(median(measureIn(results, `hop.p50_ms.100.up-2600-40ms.${name}`)?.rounds ?? []));
  const [through, without] = [ms('trunkline'), ms('direct')];
  const more = digits(Number((Number(through) - Number(without)).toFixed(4)));
  return readme.replace(
    /takes \S+ ms at the median through Trunkline and \S+ ms without it: \S+ ms more/,
    `takes ${through} ms at the median through Trunkline and ${without} ms without it: ${more} ms more`,
  );
}
