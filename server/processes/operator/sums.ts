// Sums over the metrics of all processes, for the operator's page: what was counted since the processes started.

import { AggregatorRegistry } from 'prom-client';

/** Reads the metrics of all processes together. `perProcess`: prom-client's JSON of each. */
export async function sumMetrics(perProcess: readonly object[]): Promise<MetricSums> {
  const metrics = await AggregatorRegistry.aggregate(perProcess as object[]).getMetricsAsJSON();
  return new MetricSums(metrics as readonly Metric[]);
}

interface Metric {
  readonly name: string;
  readonly values: readonly Sample[];
}

/** `metricName`: of a histogram, whose samples are its buckets, its sum and its count. */
interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

type Labels = Readonly<Record<string, string>>;

export class MetricSums {
  readonly #metrics: ReadonlyMap<string, readonly Sample[]>;

  constructor(metrics: readonly Metric[]) {
    this.#metrics = new Map(metrics.map(({ name, values }) => [name, values]));
  }

  /** The samples of a counter or a gauge; of a histogram, its counts or its sums. */
  samples(name: string, part: 'count' | 'sum' = 'count'): readonly Sample[] {
    const samples = this.#metrics.get(name) ?? [];
    return samples.filter(({ metricName }) => metricName === undefined || metricName === `${name}_${part}`);
  }

  /** The sum of all samples. */
  total(name: string): number {
    return this.samples(name).reduce((sum, { value }) => sum + value, 0);
  }

  /** The sum of the samples with these labels, by the values of another label; of a histogram, the counts. */
  by(label: string, name: string, labels: Labels): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const { labels: own, value } of this.samples(name)) {
      const group = String(own[label] ?? '');
      if (has(own, labels) && value > 0) sums[group] = (sums[group] ?? 0) + value;
    }
    return sums;
  }

  /** The mean of a histogram of seconds, in ms; undefined where nothing was measured. */
  meanMs(name: string, labels: Labels): number | undefined {
    const [sum, count] = [this.#sum(name, labels, 'sum'), this.#sum(name, labels, 'count')];
    return count === 0 ? undefined : Math.round((sum / count) * 10_000) / 10;
  }

  #sum(name: string, labels: Labels, part: 'count' | 'sum'): number {
    const samples = this.samples(name, part).filter((sample) => has(sample.labels, labels));
    return samples.reduce((sum, { value }) => sum + value, 0);
  }
}

const has = (own: Sample['labels'], labels: Labels): boolean =>
  Object.entries(labels).every(([field, wanted]) => own[field] === wanted);
