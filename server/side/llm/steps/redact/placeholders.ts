// The placeholders of one call: `[email-1]` for a word of the kind email, the same for the same word. Numbers follow the order in which words
// appear, so that a conversation that grows keeps those that it had.

/** More than any placeholder has: names of patterns have at most 64. */
const MAX_PLACEHOLDER_CHARS = 100;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Finds placeholders that a client wrote itself: returns their marks, the letters before the number. */
export function marksIn(text: string, names: readonly string[]): readonly string[] {
  if (!text.includes('[')) return [];
  const pattern = new RegExp(`\\[(?:${names.join('|')})-([a-z]*)\\d+\\]`, 'giu');
  return [...text.matchAll(pattern)].map(([, mark = '']) => mark.toLowerCase());
}

export class Placeholders {
  readonly #mark: string;
  /** Beginnings of all that there can be, up to their numbers. */
  readonly #beginnings: readonly string[];
  readonly #pattern: RegExp;
  readonly #byWord = new Map<string, string>();
  readonly #words = new Map<string, string>();
  readonly #last = new Map<string, number>();

  /** `taken`: marks that the call has already. */
  constructor(names: readonly string[], taken: ReadonlySet<string> = new Set()) {
    this.#mark = freeMark(taken);
    this.#beginnings = names.map((name) => `[${name}-${this.#mark}`.toLowerCase());
    // Models write some of them large.
    this.#pattern = new RegExp(`\\[(?:${names.join('|')})-${this.#mark}\\d+\\]`, 'giu');
  }

  get isEmpty(): boolean {
    return this.#words.size === 0;
  }

  /** Each of them stands for itself in JSON, too. */
  get isPlain(): boolean {
    return [...this.#words.values()].every((word) => inJson(word) === word);
  }

  for(kind: string, word: string): string {
    const known = this.#byWord.get(word);
    if (known !== undefined) return known;
    const number = (this.#last.get(kind) ?? 0) + 1;
    this.#last.set(kind, number);
    const placeholder = `[${kind}-${this.#mark}${number}]`;
    this.#byWord.set(word, placeholder);
    this.#words.set(placeholder, word);
    return placeholder;
  }

  /** Puts the words back. `isJson`: they stand in strings of a JSON text. */
  restore(text: string, isJson = false): string {
    if (!text.includes('[')) return text;
    return text.replace(this.#pattern, (placeholder) => {
      const word = this.#words.get(placeholder.toLowerCase());
      return word === undefined ? placeholder : isJson ? inJson(word) : word;
    });
  }

  /** Tells whether a text ends within one, so that what follows decides. */
  endsWithin(text: string): boolean {
    const from = text.lastIndexOf('[');
    if (from < 0) return false;
    if (text.length - from > MAX_PLACEHOLDER_CHARS) return false;
    const start = text.slice(from).toLowerCase();
    return this.#beginnings.some(
      (beginning) =>
        beginning.startsWith(start) || (start.startsWith(beginning) && /^\d*$/.test(start.slice(beginning.length))),
    );
  }

  /** Places in a text that was redacted before. */
  placesIn(text: string): readonly { readonly from: number; readonly to: number }[] {
    if (this.isEmpty || !text.includes('[')) return [];
    return [...text.matchAll(this.#pattern)].flatMap(({ 0: placeholder, index: from }) =>
      this.#words.has(placeholder) ? [{ from, to: from + placeholder.length }] : [],
    );
  }
}

const inJson = (word: string): string => JSON.stringify(word).slice(1, -1);

/** Nothing, `a`, ..., `z`, `aa`, ... */
function freeMark(taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) {
    const mark = markOf(number);
    if (!taken.has(mark)) return mark;
  }
}

function markOf(number: number): string {
  if (number === 0) return '';
  return markOf(Math.floor((number - 1) / LETTERS.length)) + (LETTERS[(number - 1) % LETTERS.length] ?? '');
}
