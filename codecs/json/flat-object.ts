// Recognises an object that has only known keys with string values, by byte searches. An accepted object hides no other key.

import { BACKSLASH, CLOSE_BRACE, COLON, COMMA, hasBytesAt, OPEN_BRACE, QUOTE, skipSpace, stringEnd } from './bytes.ts';

/** A key that an object may have once. `value`: the only value allowed. `isRequired`: the key must be there. */
interface FlatKey {
  readonly key: Buffer;
  readonly value: Buffer | undefined;
  readonly isRequired: boolean;
}

/** Makes a key. An object may have 31 keys at most, since the seen ones are kept in the bits of a number. */
export function flatKey(key: string, options: { value?: string; isRequired?: boolean } = {}): FlatKey {
  const { value, isRequired = true } = options;
  return { key: Buffer.from(key), value: value === undefined ? undefined : Buffer.from(value), isRequired };
}

/** True when the message has a backslash. Without one every quote delimits a string, so a search for quotes is a sound parse. */
export function hasBackslash(data: Buffer): boolean {
  return data.includes(BACKSLASH);
}

/**
 * The index after the object that starts at `at` and has only the given keys with string values; -1 for anything else.
 * Sound only when `hasBackslash(data)` is false.
 */
export function flatObjectEnd(data: Buffer, at: number, keys: readonly FlatKey[]): number {
  if (data[at] !== OPEN_BRACE) return -1;
  let seen = 0;
  let index = skipSpace(data, at + 1);
  for (;;) {
    const keyEnd = data[index] === QUOTE ? stringEnd(data, index) : -1;
    if (keyEnd < 0) return -1;
    const which = keys.findIndex(({ key }) => isText(data, index + 1, keyEnd, key));
    if (which < 0 || (seen & (1 << which)) !== 0) return -1;
    seen |= 1 << which;
    const end = knownValueEnd(data, keyEnd, keys[which]?.value);
    if (end < 0) return -1;
    index = skipSpace(data, end);
    if (data[index] === CLOSE_BRACE) return hasAllRequired(keys, seen) ? index + 1 : -1;
    if (data[index] !== COMMA) return -1;
    index = skipSpace(data, index + 1);
  }
}

function knownValueEnd(data: Buffer, keyEnd: number, expected: Buffer | undefined): number {
  const colon = skipSpace(data, keyEnd + 1);
  if (data[colon] !== COLON) return -1;
  const open = skipSpace(data, colon + 1);
  const end = data[open] === QUOTE ? stringEnd(data, open) : -1;
  if (end < 0 || (expected !== undefined && !isText(data, open + 1, end, expected))) return -1;
  return end + 1;
}

function isText(data: Buffer, from: number, to: number, text: Buffer): boolean {
  return to - from === text.length && hasBytesAt(data, from, text);
}

function hasAllRequired(keys: readonly FlatKey[], seen: number): boolean {
  return keys.every(({ isRequired }, which) => !isRequired || (seen & (1 << which)) !== 0);
}
