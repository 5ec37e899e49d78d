// The places where a dialect can name something that is checked, a model or an id: its paths as one tree.
// Rule: a frame is walked once, however many paths there are.

import { isObject } from '../../../codecs/json/object.ts';

/**
 * The keys that lead from the top of a frame to what is checked; lists on the way are entered. `**` stands for any objects and
 * lists in between, except below the keys of `freeData`; a path has at most one `**`.
 */
export type EventPath = readonly string[];

/** A node of the tree of paths. */
export interface EventPlace {
  /** Set where the value at this node is checked. */
  isWanted: boolean;
  readonly keys: Map<string, EventPlace>;
  /** The node of the keys behind `**`: they may follow at any depth. */
  anywhere: EventPlace | undefined;
}

/** Values that belong to the caller or describe data: a `model` or an id in there names nothing to the provider. */
const freeData = new Set([
  'arguments',
  'data',
  'headers',
  'input_schema',
  'metadata',
  'output_schema',
  'parameters',
  'questions',
  'schema',
  'variables',
]);

export const isFreeData = (key: string): boolean => freeData.has(key);

/** Makes the tree of some paths. `spellings`: all the ways in which the provider takes a key. */
export function eventPaths(
  paths: readonly EventPath[],
  spellings: (key: string) => readonly string[] = (key) => [key],
): EventPlace {
  const root = emptyPlace();
  for (const path of paths) {
    let place = root;
    for (const key of path) place = key === '**' ? anywhereBelow(place) : keyBelow(place, key, spellings(key));
    place.isWanted = true;
  }
  return root;
}

function emptyPlace(): EventPlace {
  return { isWanted: false, keys: new Map(), anywhere: undefined };
}

function anywhereBelow(place: EventPlace): EventPlace {
  place.anywhere ??= emptyPlace();
  return place.anywhere;
}

/** All spellings of a key lead to the same node: the tree stays small. */
function keyBelow(place: EventPlace, key: string, spellings: readonly string[]): EventPlace {
  const next = place.keys.get(key) ?? emptyPlace();
  for (const spelling of spellings) place.keys.set(spelling, next);
  return next;
}

/**
 * Returns the different values at the places of the tree; null and missing values are left out. Visits each value of the frame once,
 * and twice below `anywhere`: the caller must limit the number and the depth of values.
 */
export function valuesAt(root: unknown, places: EventPlace): ReadonlySet<unknown> {
  const found = new Set<unknown>();
  collect(root, places, found);
  return found;
}

function collect(value: unknown, place: EventPlace, found: Set<unknown>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, place, found);
    return;
  }
  followKeys(value, place, found);
  if (place.anywhere !== undefined) search(value, place.anywhere, found);
}

function followKeys(value: object, place: EventPlace, found: Set<unknown>): void {
  for (const [key, next] of place.keys) {
    if (!Object.hasOwn(value, key)) continue;
    const item = (value as { readonly [key: string]: unknown })[key];
    if (next.isWanted && item !== null) found.add(item);
    if (next.keys.size > 0 || next.anywhere !== undefined) collect(item, next, found);
  }
}

/** Follows the keys of `place` from every object at or below `value`. */
function search(value: unknown, place: EventPlace, found: Set<unknown>): void {
  if (Array.isArray(value)) {
    for (const item of value) search(item, place, found);
  } else if (isObject(value)) {
    followKeys(value, place, found);
    for (const name of Object.keys(value)) if (!freeData.has(name)) search(value[name], place, found);
  }
}
