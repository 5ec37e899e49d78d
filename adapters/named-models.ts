// Which models a client frame names: the parse, and the paths at which a dialect can name one. Anything doubtful is refused.

import type { Frame } from '../codecs/frame.ts';
import { type JsonFault, jsonFault } from '../codecs/json-keys.ts';
import { jsonText } from '../codecs/json-text.ts';
import type { Refused } from './adapter.ts';

/**
 * A place that names a model, as keys from the top; lists on the way are entered. `**` stands for any objects and lists
 * in between, except below the keys that hold free data.
 */
export type ModelPath = readonly string[];

/** What a dialect's `guard` must know. */
export interface ModelRules {
  /** Exactly the dialect's audio shape: such a frame can name nothing, and is not parsed. */
  isAudio(data: Buffer): boolean;
  readonly paths: readonly ModelPath[];
  /** Whether this event starts something with a model that it does not name (a default, a stored prompt). */
  leavesModelOpen?(event: JsonObject): boolean;
  /** From the name on the wire to the name in a key's list. */
  readonly modelName?: (name: string) => string;
}

export type JsonObject = { readonly [key: string]: unknown };

/** Stands for a model that a frame leaves open: only a pattern that allows every model of the provider matches it. */
export const UNNAMED_MODEL = '(unnamed)';

/** Values that belong to the caller or describe data: a `model` in there names nothing to the provider. */
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

/** The guard of a dialect: see `Dialect.guard`. */
export function guardModels(frame: Frame, rules: ModelRules): readonly string[] | Refused | undefined {
  if (rules.isAudio(frame.data)) return undefined;
  const text = jsonText(frame.data);
  if (!text.includes('{')) return undefined;
  const fault = jsonFault(text);
  const value = fault === undefined || fault === 'duplicate-key' ? parse(text) : undefined;
  if (value === undefined) return unparsed(text, fault);
  const eventId = eventIdOf(value);
  if (fault === 'duplicate-key') {
    return { code: 'duplicate_key', message: 'The event has the same key twice: send each key once.', eventId };
  }
  const found = [...namedModels(value, rules.paths)];
  if (!found.every((model) => typeof model === 'string')) {
    return { code: 'model_not_allowed', message: 'The event names a model that is not a string.', eventId };
  }
  const names = found.map((name) => rules.modelName?.(name) ?? name);
  if (isObject(value) && rules.leavesModelOpen?.(value)) names.push(UNNAMED_MODEL);
  return names.length === 0 ? undefined : names;
}

/** The client's own id of an event, to quote in an error; undefined for anything but a short string. */
export function eventIdOf(value: unknown): string | undefined {
  const id = isObject(value) ? value.event_id : undefined;
  return typeof id === 'string' && id.length <= 512 ? id : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is not JSON names no model; but what only a lenient parser takes for JSON may not mention one. */
function unparsed(text: string, fault: JsonFault | undefined): Refused | undefined {
  if (fault === 'too-deep' || fault === 'too-many-values') {
    return { code: 'unreadable_event', message: 'The event has too many levels or values to be checked.' };
  }
  if (!/model|\\u00/i.test(text)) return undefined;
  return { code: 'unreadable_event', message: 'The event names a model, but is not valid JSON.' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every value at one of the paths that is neither null nor missing. */
function* namedModels(root: unknown, paths: readonly ModelPath[]): Generator<unknown> {
  const pending = paths.map((path) => ({ value: root, path, at: 0 }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, path, at } = next;
    const key = path[at];
    if (key === undefined) {
      if (value !== null && value !== undefined) yield value;
    } else if (Array.isArray(value)) {
      for (const item of value) pending.push({ value: item, path, at });
    } else if (isObject(value)) {
      if (key === '**') pending.push(...anyDepth(value, path, at));
      else if (Object.hasOwn(value, key)) pending.push({ value: value[key], path, at: at + 1 });
    }
  }
}

function anyDepth(value: JsonObject, path: ModelPath, at: number) {
  const below = Object.entries(value)
    .filter(([key]) => !freeData.has(key))
    .map(([, item]) => ({ value: item, path, at }));
  return [{ value: value as unknown, path, at: at + 1 }, ...below];
}
