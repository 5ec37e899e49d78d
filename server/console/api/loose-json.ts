// Reads JSON without trusting its shape: messages of providers, and refusals. What is not as expected counts as empty.

import { isObject, type JsonObject } from '../../../codecs/json/object.ts';

/** The object, or an empty one. */
export function objectOrEmpty(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The objects of a list, or an empty list. */
export function listOrEmpty(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(objectOrEmpty) : [];
}

/** The text, or ''. */
export function textOrEmpty(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The finite number, or undefined. */
export function numberOrUndefined(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
