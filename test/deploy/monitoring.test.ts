// The alert rules and the dashboard beside the metrics of the code, and the page that says what to do.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AggregatorRegistry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { limitsSchema } from '../../server/config/schema.ts';
import { sideLimitsSchema } from '../../server/config/side/side-limits-schema.ts';
import { createMetrics } from '../../server/platform/metrics.ts';
import { metricsOnPage } from '../support/metrics.ts';
import { AGREES, compared, guide, root } from '../support/pages.ts';
import { readPromql } from '../support/promql.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const read = (name: string) => readFileSync(join(root, 'deploy', name), 'utf8');
const { groups } = parse(read('prometheus/alerts.yaml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(read('grafana/trunkline.json')) as { panels: Panel[] };
const page = guide('docs/operations.md').text;
const product = readdirSync(join(root, 'server'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('console/'))
  .map((name) => readFileSync(join(root, 'server', name), 'utf8'))
  .join('\n');

/** Labels that Prometheus itself gives to what it reads. */
const OWN_LABELS = ['instance', 'job'];
const histograms = [
  ...[...product.matchAll(/new Histogram\(\{\s+name: '(\w+)'/g)].map(([, name = '']) => name),
  'trunkline_residence_seconds',
];

/** Metrics -> their labels: ours as docs/operations.md has them, which another suite holds beside the code, and those of Node as they are read. */
const metrics = new Map<string, readonly string[]>([...metricsOnPage(), ...(await nodeMetrics())]);

async function nodeMetrics(): Promise<readonly (readonly [string, readonly string[]])[]> {
  const one = await createMetrics(() => 0).registry.getMetricsAsJSON();
  const all = await AggregatorRegistry.aggregate([one] as never).getMetricsAsJSON();
  return all
    .filter(({ name }) => !name.startsWith('trunkline_'))
    .map(
      ({ name, values }) => [name, Object.keys((values[0] as { labels: object } | undefined)?.labels ?? {})] as const,
    );
}

/** Labels that a series of the name has; a histogram has series of three names. */
function labelsOf(series: string): readonly string[] {
  const [, base = '', suffix = ''] = /^(.*?)(_bucket|_sum|_count)?$/.exec(series) ?? [];
  const isHistogram = histograms.includes(base);
  const labels = metrics.get(isHistogram ? base : series);
  if (labels === undefined) throw new Error(`there is no metric ${series}`);
  if (isHistogram && suffix === '') throw new Error(`${series} is a histogram, which has no series of that name`);
  return [...labels, ...OWN_LABELS, ...(suffix === '_bucket' ? ['le'] : [])];
}

/** Says each thing that is wrong with an expression, and with the labels that words about it name. */
function complaints(expr: string, words: string): readonly string[] {
  const { selectors, groupings } = readPromql(expr);
  const known = new Set(selectors.flatMap(({ metric }) => labelsOf(metric)));
  const named = [...words.matchAll(/\{\{(?: \$labels\.)?(\w+)(?: \}\}|\}\})/g)].map(([, label = '']) => label);
  const shown = groupings.length > 0 ? new Set(groupings) : known;
  return [
    ...selectors.flatMap(({ metric, matchers }) =>
      matchers.flatMap(({ label, value }) => [
        ...(labelsOf(metric).includes(label) ? [] : [`${metric} has no label ${label}`]),
        ...value.split('|').flatMap((one) => (isValue(one) ? [] : [`there is no ${label} ${one}`])),
      ]),
    ),
    ...groupings.filter((label) => !known.has(label)).map((label) => `there is no label ${label} in ${expr}`),
    ...named.filter((label) => !shown.has(label)).map((label) => `${label} is not in what ${expr} gives`),
  ];
}

/** A value of a label: a code or a word of the source, the beginning of some (`upstream_.*`), or a variable of the dashboard. */
function isValue(value: string): boolean {
  if (value === '$instance') return true;
  return value.endsWith('.*') ? product.includes(`'${value.slice(0, -2)}`) : product.includes(`'${value}'`);
}

describe('alert rules', () => {
  test.each(rules)('$alert asks for metrics, labels and values that there are', ({ expr, annotations }) => {
    expect(complaints(expr, annotations.summary)).toEqual([]);
  });

  test('each has a name of its own, a severity and a duration', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^Trunkline[A-Z][A-Za-z]+$/.test(name))).toEqual([]);
    expect([...new Set(rules.map(({ labels }) => labels.severity))].sort()).toEqual(['critical', 'warning']);
    expect(rules.flatMap((rule) => rule.for ?? []).filter((time) => !/^\d+[smh]$/.test(time))).toEqual([]);
  });

  test('docs/operations.md says of each what to do, and has no other', () => {
    const [table = ''] = page.split('\n## Alerts\n')[1]?.split('\n## ') ?? [];
    const onPage = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name);
    expect(
      compared(
        onPage,
        rules.map(({ alert }) => alert),
      ),
    ).toEqual(AGREES);
  });

  const rule = (name: string) => rules.find(({ alert }) => alert === name);

  test('a drain is long once it takes longer than limits.drainMs by default', () => {
    const minutes = Number.parseInt(rule('TrunklineDrainsForLong')?.for ?? '', 10);
    expect(minutes * 60_000).toBeGreaterThan(limitsSchema.parse({}).drainMs);
  });

  test('the outbox is told of at half of its limits by default', () => {
    const { outboxItems, outboxBytes } = sideLimitsSchema.parse({});
    const { expr } = rule('TrunklineOutboxFills') ?? { expr: '' };
    expect([...expr.matchAll(/> (\d+)/g)].map(([, limit]) => Number(limit))).toEqual([
      outboxItems / 2,
      outboxBytes / 2,
    ]);
  });

  test('memory is told of at four fifths of what the chart gives each pod', () => {
    const { roles } = parse(read('helm/trunkline/values.yaml')) as {
      roles: Record<string, { resources: { limits?: { memory: string } } }>;
    };
    const limits = Object.values(roles).flatMap(({ resources }) => resources.limits?.memory ?? []);
    expect(new Set(limits)).toEqual(new Set(['2Gi']));
    expect(rule('TrunklineMemory')?.expr).toContain(`> ${Math.floor(0.8 * 2 * 1024 ** 3)} `);
  });
});

describe('the dashboard', () => {
  const targets = panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

  test.each(targets)('$title asks for metrics, labels and values that there are: $expr', ({ expr, legendFormat }) => {
    expect(complaints(expr, legendFormat)).toEqual([]);
  });

  test('each panel says what it shows, and has a place of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ type, description }) => type !== 'row' && !description)).toEqual([]);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });
});

test.each([
  ['sum by (code (rate(x[5m]))', /expected ,/],
  ['rate(trunkline_sessions)', /expected \[/],
  ['trunkline_sessions{part=sessions}', /expected a text/],
  ['trunkline_sessions >', /expected a metric/],
  ['average(trunkline_sessions)', /expected a function/],
  ['trunkline_sessions # all', /expected PromQL/],
])('the reader of these tests refuses %s', (text, problem) => {
  expect(() => readPromql(text)).toThrow(problem);
});
