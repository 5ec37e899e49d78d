// Finds out whether a report of usage can be believed: a count of less than nothing is left out of it, and its row has to say so.

import { isObject, type JsonObject } from '../../codecs/json-object.ts';

/** Counts, and the cost, by their names in the reports of all providers and LLM gateways. Discounts beside them may be negative. */
const COUNT = /token|requests|seconds|^(total_)?cost$/i;
/** Reports have details, and those have details. */
const MAX_DEPTH = 4;

/** Returns the mark for usage that was read from such a report; nothing for a sound one. */
export function faultIn(report: JsonObject | undefined): { readonly isFaulty?: true } {
  return report !== undefined && hasNegativeCount(report, MAX_DEPTH) ? { isFaulty: true } : {};
}

function hasNegativeCount(report: object, depth: number): boolean {
  return Object.entries(report).some(([name, value]) => {
    if (typeof value === 'number') return value < 0 && COUNT.test(name);
    return depth > 0 && (isObject(value) || Array.isArray(value)) && hasNegativeCount(value, depth - 1);
  });
}
