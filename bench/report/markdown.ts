// report.md: the same as the page, without the plots.

import { alignedText, digits } from '../figures/format.ts';
import type { Figure, Manifest, RanBench, ReportTable, Results } from '../figures/results.ts';
import { limits } from './limits.ts';
import { outlookLines } from './outlook.ts';

export function markdownReport({ manifest, figures, benches }: Results): string {
  const outlooks = outlookLines(figures);
  return [
    `# Benchmark of ${manifest.at}`,
    `Repeat it with \`${manifest.command}\`.`,
    '## Figures',
    markdownTable(figureRows(figures)),
    ...(outlooks.length > 0 ? ['What stands in the way of the goals that are not met:', outlooks.join('\n')] : []),
    ...benches.flatMap(benchSection),
    '## Where and with what',
    markdownTable(manifestRows(manifest)),
    '## Limits of the method',
    limits.map((line) => `- ${line}`).join('\n'),
    '',
  ].join('\n\n');
}

function benchSection({ name, description, seconds, fault, tables, notes }: RanBench): string[] {
  return [
    `## ${name}: ${description}`,
    ...(fault === null ? [] : [`**It did not come to an end:** ${fault}`]),
    ...tables.flatMap((table) => [`**${table.title}**`, markdownTable(tableRows(table))]),
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
    `It took ${Math.round(seconds)} s.`,
  ];
}

/** Table of the figures for the end of a run on a terminal. */
export const figuresText = (figures: readonly Figure[]): string => alignedText(figureRows(figures));

/** The head first. */
export function figureRows(figures: readonly Figure[]): string[][] {
  const rows = figures.map(({ id, value, unit, goal, met, noise, interval, reason }) => [
    id,
    digits(value),
    interval === null ? '' : `${digits(interval[0])} .. ${digits(interval[1])}`,
    unit,
    goal,
    met === null ? 'not judged' : met ? 'met' : 'NOT MET',
    digits(noise),
    reason ?? '',
  ]);
  return [['figure', 'value', '95 % interval', 'unit', 'goal', 'result', 'noise', 'remark'], ...rows];
}

export const tableRows = ({ columns, rows }: ReportTable): string[][] => [
  columns,
  ...rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : digits(cell)))),
];

export function manifestRows(manifest: Manifest): string[][] {
  const { machine, settings, contenders, absent } = manifest;
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  return [
    ['what', ''],
    ['command', manifest.command],
    ['commit', `${manifest.commit}${manifest.isClean ? '' : ' with changes'}`],
    ['package-lock.json', `SHA-256 ${manifest.lockfile}`],
    ['machine', `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.kernel}`],
    ['load before', machine.loadAverage.join(', ')],
    ['Node', manifest.node],
    ['settings', set.map(([key, value]) => `${key} ${value}`).join(', ')],
    ...Object.entries(contenders).map(([name, version]) => [name, version]),
    ...Object.entries(absent).map(([name, reason]) => [name, `not measured: ${reason}`]),
  ];
}

function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  return [line(head), `|${head.map((_, index) => (index === 0 ? '---|' : '--:|')).join('')}`, ...rest.map(line)].join(
    '\n',
  );
}

/** The same with columns that are aligned in the text as well, for pages that people read as text. */
export function paddedTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, index: number) =>
    index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
  const rule = widths.map((width, index) => (index === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`;
  const [head = [], ...rest] = rows.map((row) => row.map(pad));
  return [line(head), line(rule), ...rest.map(line)].join('\n');
}
