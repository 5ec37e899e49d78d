// Steps over JSON in a Buffer without parsing it. A step over anything that is not JSON returns -1, and never throws.

/** The characters that JSON is made of, as bytes. */
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** The length up to which a loop is cheaper than a call of `indexOf`. */
const SHORT_STRING_BYTES = 48;

/** The first index from `at` on that is not JSON whitespace; the length when there is none. */
export function skipSpace(data: Buffer, at: number): number {
  let index = at;
  while (index < data.length) {
    const byte = data[index];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return index;
    index++;
  }
  return index;
}

/** The index of the quote that ends the string opened at `open`; -1 when it never ends. */
export function stringEnd(data: Buffer, open: number): number {
  const near = Math.min(data.length, open + 1 + SHORT_STRING_BYTES);
  for (let index = open + 1; index < near; index++) {
    const byte = data[index];
    if (byte === QUOTE) return index;
    if (byte === BACKSLASH) return farStringEnd(data, open + 1);
  }
  return farStringEnd(data, near);
}

function farStringEnd(data: Buffer, from: number): number {
  let end = data.indexOf(QUOTE, from);
  while (end >= 0 && isEscaped(data, end, from)) end = data.indexOf(QUOTE, end + 1);
  return end;
}

/** True when an odd number of backslashes precedes the character. */
function isEscaped(data: Buffer, at: number, from: number): boolean {
  let first = at;
  while (first > from && data[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/** True when the bytes at `from` are these. */
export function hasBytesAt(data: Buffer, from: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) {
    if (data[from + index] !== bytes[index]) return false;
  }
  return true;
}

/** The index after the value that starts at `at`; -1 when it never ends. */
export function valueEnd(data: Buffer, at: number): number {
  const byte = data[at];
  if (byte === QUOTE) {
    const end = stringEnd(data, at);
    return end < 0 ? -1 : end + 1;
  }
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return nestedEnd(data, at);
  let index = at;
  while (index < data.length && !endsLiteral(data[index])) index++;
  return index === at ? -1 : index;
}

function nestedEnd(data: Buffer, open: number): number {
  let depth = 0;
  for (let index = open; index < data.length; index++) {
    const byte = data[index];
    if (byte === QUOTE) {
      index = stringEnd(data, index);
      if (index < 0) return -1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

function endsLiteral(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || (byte !== undefined && byte <= 0x20);
}

/** The text of the string between two quotes, with escapes decoded; undefined when it is not valid JSON. */
export function stringText(data: Buffer, open: number, end: number): string | undefined {
  return unescaped(data.toString('utf8', open + 1, end));
}

/** The text between two quotes with escapes decoded; undefined when it is not valid JSON. */
export function unescaped(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return undefined;
  }
}

/** The length of the longest string of a JSON message, without its quotes, where it has no escapes; 0 where there is none. */
export function longestStringLength(data: Buffer): number {
  let longest = 0;
  let open = data.indexOf(QUOTE);
  while (open >= 0) {
    const end = stringEnd(data, open);
    if (end < 0) break;
    longest = Math.max(longest, end - open - 1);
    open = data.indexOf(QUOTE, end + 1);
  }
  return longest;
}
