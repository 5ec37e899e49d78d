// Whether two parsers could read a JSON text differently, and whether parsing it is affordable. Iterative: depth cannot overflow.

/** No event of any dialect comes near these; a parse of more would hold up everything else. */
export interface JsonLimits {
  readonly maxDepth: number;
  readonly maxValues: number;
}

export const defaultJsonLimits: JsonLimits = { maxDepth: 256, maxValues: 100_000 };

/** `invalid`: the structure is not JSON (a sound structure may still hold literals or escapes that are not). */
export type JsonFault = 'invalid' | 'duplicate-key' | 'too-deep' | 'too-many-values';

/**
 * What speaks against parsing this text. `duplicate-key` is reported for an otherwise sound structure; keys are compared
 * with their escapes decoded.
 */
export function jsonFault(text: string, limits: JsonLimits = defaultJsonLimits): JsonFault | undefined {
  const open: (Set<string> | undefined)[] = [];
  let values = 0;
  let isDuplicate = false;
  let at = skipSpace(text, 0);
  for (;;) {
    // A value is due here; in an object its key comes first.
    const keys = open.at(-1);
    if (keys !== undefined) {
      const end = stringEnd(text, at);
      const key = end < 0 ? undefined : keyText(text, at, end);
      if (key === undefined) return 'invalid';
      if (keys.has(key)) isDuplicate = true;
      keys.add(key);
      at = skipSpace(text, end + 1);
      if (text[at] !== ':') return 'invalid';
      at = skipSpace(text, at + 1);
    }
    if (++values > limits.maxValues) return 'too-many-values';
    const first = text[at];
    if (first === '{' || first === '[') {
      const inside = skipSpace(text, at + 1);
      if (text[inside] !== (first === '{' ? '}' : ']')) {
        if (open.length === limits.maxDepth) return 'too-deep';
        open.push(first === '{' ? new Set() : undefined);
        at = inside;
        continue;
      }
      at = inside + 1;
    } else {
      const end = first === '"' ? stringEnd(text, at) + 1 : literalEnd(text, at);
      if (end <= at) return 'invalid';
      at = end;
    }
    // After a value: close what ends here, then a comma or the end of the text.
    at = skipSpace(text, at);
    while (open.length > 0 && text[at] === (open.at(-1) === undefined ? ']' : '}')) {
      open.pop();
      at = skipSpace(text, at + 1);
    }
    if (open.length === 0) {
      if (at < text.length) return 'invalid';
      return isDuplicate ? 'duplicate-key' : undefined;
    }
    if (text[at] !== ',') return 'invalid';
    at = skipSpace(text, at + 1);
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

function keyText(text: string, open: number, end: number): string | undefined {
  const key = text.slice(open + 1, end);
  if (!key.includes('\\')) return key;
  try {
    return JSON.parse(`"${key}"`) as string;
  } catch {
    return undefined;
  }
}

/** A run of the characters of numbers, true, false and null; whether it is one of them, the parser tells. */
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
