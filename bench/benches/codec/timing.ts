// Times one operation: the median of batches that are long against the clock, so that a batch in which the machine did something
// else does not count. Collecting the operation's garbage counts, since that is a cost of it.

import { median } from '../../figures/statistics.ts';
import { nowNs } from '../../load/wire.ts';

const BATCH_NS = 500_000;
const LARGEST_BATCH = 1_000_000;

/** Written and never read: a result that goes nowhere could be optimised away. */
const kept: { value: unknown } = { value: undefined };

/** The batches of the first quarter warm up, and are thrown away. */
export function nsPerOperation(run: () => unknown, ms: number): number {
  const count = batchSize(run);
  const batches: number[] = [];
  const from = nowNs();
  for (let at = from; at < from + ms * 1e6 || batches.length === 0; at = nowNs()) {
    const ns = batch(run, count);
    if (at >= from + ms * 0.25e6) batches.push(ns / count);
  }
  return median(batches);
}

function batchSize(run: () => unknown): number {
  let count = 1;
  while (count < LARGEST_BATCH && batch(run, count) < BATCH_NS) count *= 2;
  return count;
}

function batch(run: () => unknown, count: number): number {
  const from = nowNs();
  for (let index = 0; index < count; index += 1) kept.value = run();
  return nowNs() - from;
}
