// Keeps the counts of a report of usage that can be believed: one of less than nothing is left out, and its row has to say so.

import { isObject, type JsonObject } from '../../codecs/json/object.ts';
import type { Usage } from './contract/observation.ts';

/** Counts, and the cost, by their names in the reports of all providers and LLM gateways. Discounts beside them may be negative. */
const COUNT = /token|requests|seconds|^(total_)?cost$/i;
/** Reports have details, and those have details. */
const MAX_DEPTH = 4;

/** Keeps the counts that are numbers of zero or more, and tells negative ones of the report; undefined when nothing is left. */
export function soundUsage(report: JsonObject, counts: { [Name in keyof Usage]: unknown }): Usage | undefined {
  const kept = Object.entries(counts).filter(([, count]) => Number.isFinite(count) && Number(count) >= 0);
  const usage: Usage = { ...Object.fromEntries(kept), ...(hasNegativeCount(report, MAX_DEPTH) && { isFaulty: true }) };
  return Object.keys(usage).length === 0 ? undefined : usage;
}

function hasNegativeCount(report: object, depth: number): boolean {
  return Object.entries(report).some(([name, value]) => {
    if (typeof value === 'number') return value < 0 && COUNT.test(name);
    return depth > 0 && (isObject(value) || Array.isArray(value)) && hasNegativeCount(value, depth - 1);
  });
}
