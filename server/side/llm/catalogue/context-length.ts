// Tells whether a prompt can fit into the context of a model at all. Rule: only what is certain counts, since a call that is kept away may be
// one that would have been answered.

/** Words that a request has beside its prompt: names of fields, settings. */
const BESIDE = 1000;

/**
 * A word, in the sense of what stands between spaces, is at least one token of every tokenizer that is in use: none joins two. Words are counted
 * only where so many could be there.
 */
export function isTooLong(body: string, contextTokens: number | undefined): boolean {
  if (contextTokens === undefined || body.length / 2 < contextTokens + BESIDE) return false;
  return wordsOf(body) > contextTokens + BESIDE;
}

function wordsOf(text: string): number {
  let words = 0;
  for (let at = text.indexOf(' '); at >= 0; at = text.indexOf(' ', at + 1)) {
    const next = text.charCodeAt(at + 1);
    if (next !== SPACE && next !== BACKSLASH) words++;
  }
  return words;
}

const SPACE = 0x20;
/** An escaped line feed or tab behind a space is no word. */
const BACKSLASH = 0x5c;
