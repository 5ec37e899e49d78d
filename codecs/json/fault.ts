// Checks a JSON text before it is parsed: keys that parsers may read differently, depth, and size. Iterative, so depth cannot overflow.

import { unescaped } from './bytes.ts';

/** Limits that events of all dialects are far below. The parse of a larger text would block the event loop. */
interface JsonLimits {
  readonly maxDepth: number;
  readonly maxValues: number;
}

const defaultLimits: JsonLimits = { maxDepth: 256, maxValues: 100_000 };

/** `invalid`: the structure is not JSON. A valid structure may still hold invalid literals or escapes. */
export type JsonFault = 'invalid' | 'duplicate-key' | 'too-deep' | 'too-many-values';

/** State of a scan. `open`: the enclosing objects and lists, innermost last: the keys seen in an object, undefined for a list. */
interface Scan {
  readonly text: string;
  readonly open: (Set<string> | undefined)[];
  at: number;
  hasDuplicate: boolean;
}

/**
 * The reason against parsing this text; undefined when there is none. `duplicate-key` is reported for an otherwise valid
 * structure. Keys are compared with their escapes decoded.
 */
export function jsonFault(text: string, limits: JsonLimits = defaultLimits): JsonFault | undefined {
  const scan: Scan = { text, open: [], at: skipSpace(text, 0), hasDuplicate: false };
  for (let values = 1; ; values++) {
    if (values > limits.maxValues) return 'too-many-values';
    if (!takeKey(scan)) return 'invalid';
    if (enters(scan)) {
      if (scan.open.length > limits.maxDepth) return 'too-deep';
      continue;
    }
    if (!takeLeaf(scan)) return 'invalid';
    leaveEnded(scan);
    if (scan.open.length === 0) break;
    if (text[scan.at] !== ',') return 'invalid';
    scan.at = skipSpace(text, scan.at + 1);
  }
  if (scan.at < text.length) return 'invalid';
  return scan.hasDuplicate ? 'duplicate-key' : undefined;
}

/** Consumes the key and the colon that precede a value in an object. */
function takeKey(scan: Scan): boolean {
  const keys = scan.open.at(-1);
  if (keys === undefined) return true;
  const end = stringEnd(scan.text, scan.at);
  const key = end < 0 ? undefined : unescaped(scan.text.slice(scan.at + 1, end));
  if (key === undefined) return false;
  if (keys.has(key)) scan.hasDuplicate = true;
  keys.add(key);
  const colon = skipSpace(scan.text, end + 1);
  scan.at = skipSpace(scan.text, colon + 1);
  return scan.text[colon] === ':';
}

/** Enters an object or list that is not empty. */
function enters(scan: Scan): boolean {
  const first = scan.text[scan.at];
  if (first !== '{' && first !== '[') return false;
  const inside = skipSpace(scan.text, scan.at + 1);
  if (scan.text[inside] === (first === '{' ? '}' : ']')) return false;
  scan.open.push(first === '{' ? new Set() : undefined);
  scan.at = inside;
  return true;
}

/** Consumes a string, a literal, or an empty object or list. */
function takeLeaf(scan: Scan): boolean {
  const { text, at } = scan;
  const first = text[at];
  if (first === '"') scan.at = stringEnd(text, at) + 1;
  else if (first === '{' || first === '[') scan.at = skipSpace(text, at + 1) + 1;
  else scan.at = literalEnd(text, at);
  return scan.at > at;
}

function leaveEnded(scan: Scan): void {
  scan.at = skipSpace(scan.text, scan.at);
  while (scan.open.length > 0 && scan.text[scan.at] === (scan.open.at(-1) === undefined ? ']' : '}')) {
    scan.open.pop();
    scan.at = skipSpace(scan.text, scan.at + 1);
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at++;
  }
}

/** The index of the closing quote; -1 when no string starts at `open` or it never ends. */
function stringEnd(text: string, open: number): number {
  if (text[open] !== '"') return -1;
  let end = text.indexOf('"', open + 1);
  while (end >= 0 && isEscaped(text, end, open)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number, open: number): boolean {
  let first = at;
  while (first - 1 > open && text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

/** The end of a run of characters of numbers, true, false and null. The parser decides whether it is one of them. */
function literalEnd(text: string, from: number): number {
  let at = from;
  while (isLiteralCode(text.charCodeAt(at))) at++;
  return at;
}

function isLiteralCode(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2d ||
    code === 0x2b ||
    code === 0x2e ||
    code === 0x45
  );
}
