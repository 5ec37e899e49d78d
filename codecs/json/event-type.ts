// Finds the type of an event in the first bytes of a JSON message, without parsing it.

import type { DecisiveBytes } from '../websocket/alike-messages.ts';
import {
  BACKSLASH,
  COLON,
  COMMA,
  hasBytesAt,
  OPEN_BRACE,
  QUOTE,
  skipSpace,
  stringEnd,
  stringText,
  valueEnd,
} from './bytes.ts';

/** The longest type: no event of any dialect has a longer one. */
const MAX_TYPE_BYTES = 128;
const TYPE = Buffer.from('type').readUInt32BE(0);

/** The newest type of each length. Nearly every frame has the type of the frame before, and a new string for each costs more. */
const recent: ({ readonly bytes: Buffer; readonly text: string } | undefined)[] = [];

/** The string at the top-level key `type`; undefined when there is none or the message is not a JSON object. */
export function eventType(data: Buffer): string | undefined {
  let at = firstKeyStart(data, 0);
  while (data[at] === QUOTE) {
    const keyEnd = stringEnd(data, at);
    if (keyEnd < 0) return undefined;
    const value = valueStart(data, keyEnd);
    if (value < 0) return undefined;
    if (isTypeKey(data, at, keyEnd)) return typeText(data, value);
    at = nextKeyStart(data, value);
  }
  return undefined;
}

/** The bytes up to the end of the type, where that comes first: messages which begin with the same ones are of one type. Else undefined. */
export function typeDecides(data: Buffer): DecisiveBytes | undefined {
  const open = firstKeyStart(data, 0);
  const keyEnd = data[open] === QUOTE ? stringEnd(data, open) : -1;
  if (keyEnd < 0 || !isTypeKey(data, open, keyEnd)) return undefined;
  const value = valueStart(data, keyEnd);
  const end = value < 0 ? -1 : stringEnd(data, value);
  return end < 0 ? undefined : { first: end + 1, last: 0 };
}

/** The first key of the object that starts at `at` (after whitespace), and the index of its value. */
export function firstMember(data: Buffer, at = 0): { readonly key: string; readonly valueAt: number } | undefined {
  const open = firstKeyStart(data, at);
  if (data[open] !== QUOTE) return undefined;
  const end = stringEnd(data, open);
  if (end < 0 || end - open > MAX_TYPE_BYTES) return undefined;
  const valueAt = valueStart(data, end);
  const key = stringText(data, open, end);
  return valueAt < 0 || key === undefined ? undefined : { key, valueAt };
}

/** Skips a byte order mark, which lenient parsers accept. */
function firstKeyStart(data: Buffer, from: number): number {
  const hasMark = from === 0 && data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf;
  const open = skipSpace(data, hasMark ? 3 : from);
  return data[open] === OPEN_BRACE ? skipSpace(data, open + 1) : -1;
}

function valueStart(data: Buffer, keyEnd: number): number {
  const colon = skipSpace(data, keyEnd + 1);
  return data[colon] === COLON ? skipSpace(data, colon + 1) : -1;
}

function nextKeyStart(data: Buffer, value: number): number {
  const end = valueEnd(data, value);
  if (end < 0) return -1;
  const comma = skipSpace(data, end);
  return data[comma] === COMMA ? skipSpace(data, comma + 1) : -1;
}

function isTypeKey(data: Buffer, open: number, end: number): boolean {
  const length = end - open - 1;
  if (length > 4 && length <= 24 && data.subarray(open, end).includes(BACKSLASH)) {
    return stringText(data, open, end) === 'type';
  }
  return length === 4 && data.readUInt32BE(open + 1) === TYPE;
}

function typeText(data: Buffer, open: number): string | undefined {
  if (data[open] !== QUOTE) return undefined;
  const end = stringEnd(data, open);
  if (end < 0 || end - open > MAX_TYPE_BYTES) return undefined;
  const known = recent[end - open];
  if (known !== undefined && hasBytesAt(data, open, known.bytes)) return known.text;
  const text = stringText(data, open, end);
  if (text !== undefined) recent[end - open] = { bytes: Buffer.from(data.subarray(open, end)), text };
  return text;
}
