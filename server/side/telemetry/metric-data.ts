// Turns the metrics of all processes, as prom-client has them, into those of OpenTelemetry. Names, labels and buckets stay as /metrics shows them;
// all is cumulative since the gateway began.

import { AggregatorRegistry } from 'prom-client';
import { hrTime, type MetricData } from './otlp.ts';

/** A metric in prom-client's JSON. */
interface PromMetric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly values: readonly PromValue[];
}

interface PromValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** With the ending of its part, for those that have parts. */
  readonly metricName?: string;
}

type Time = ReturnType<typeof hrTime>;

/** The numbers that the packages have for these words. */
const CUMULATIVE = 1;
const DOUBLE = 1;
const POINT = { histogram: 0, gauge: 2, sum: 3 } as const;

interface Interval {
  /** ms since the epoch. */
  readonly since: number;
  readonly until: number;
}

/** `perProcess`: what each process told. Summaries are left out: nothing of ours is one. */
export async function metricData(
  perProcess: readonly object[],
  { since, until }: Interval,
): Promise<readonly MetricData[]> {
  const merged = AggregatorRegistry.aggregate(perProcess as object[]);
  const metrics = (await merged.getMetricsAsJSON()) as unknown as readonly PromMetric[];
  const times = { startTime: hrTime(since), endTime: hrTime(until) };
  return metrics.flatMap((metric) => {
    const dataPoints = pointsOf(metric, times);
    return dataPoints.length === 0 ? [] : [{ ...described(metric), dataPoints }];
  });
}

function described({ name, help, type }: PromMetric) {
  const unit = /_seconds(_total)?$/.test(name) ? 's' : /_bytes(_total)?$/.test(name) ? 'By' : '';
  return {
    descriptor: { name, description: help, unit, valueType: DOUBLE },
    aggregationTemporality: CUMULATIVE,
    dataPointType: type === 'counter' ? POINT.sum : type === 'histogram' ? POINT.histogram : POINT.gauge,
    ...(type === 'counter' && { isMonotonic: true }),
  };
}

interface Times {
  readonly startTime: Time;
  readonly endTime: Time;
}

function pointsOf({ type, values, name }: PromMetric, times: Times): readonly object[] {
  switch (type) {
    case 'counter':
    case 'gauge':
      return values.map(({ labels, value }) => ({ ...times, attributes: labels, value }));
    case 'histogram':
      return histogramPoints(values, name, times);
    case 'summary':
      return [];
  }
}

interface Parts {
  readonly attributes: PromValue['labels'];
  readonly cumulative: { readonly le: number; readonly count: number }[];
  sum: number;
  count: number;
}

function histogramPoints(values: readonly PromValue[], name: string, times: Times): readonly object[] {
  const series = new Map<string, Parts>();
  for (const { labels, value, metricName } of values) {
    const { le, ...attributes } = labels;
    const key = JSON.stringify(Object.entries(attributes).sort());
    const parts = series.get(key) ?? { attributes, cumulative: [], sum: 0, count: 0 };
    series.set(key, parts);
    if (metricName === `${name}_sum`) parts.sum = value;
    else if (metricName === `${name}_count`) parts.count = value;
    else parts.cumulative.push({ le: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: value });
  }
  return [...series.values()].map(({ attributes, cumulative, sum, count }) => {
    const ordered = cumulative.sort((a, b) => a.le - b.le).filter(({ le }) => le < Number.POSITIVE_INFINITY);
    const totals = [...ordered.map((bucket) => bucket.count), count];
    const counts = totals.map((total, at) => total - (totals[at - 1] ?? 0));
    const buckets = { boundaries: ordered.map(({ le }) => le), counts };
    return { ...times, attributes, value: { buckets, sum, count } };
  });
}
