// The words of a span: what both sides said, as much of it as may wait for the collector. Rule: they are cut when they are taken, and written out
// when they are sent.

import { GEN_AI, OWN } from './names.ts';

interface Said {
  readonly role: string;
  readonly content: string;
}

export interface SpanText {
  readonly input: readonly Said[];
  readonly output: readonly Said[];
  readonly isCut: boolean;
  /** Characters that it takes in the queue. */
  readonly length: number;
}

/** Characters of both sides together. */
const MAX_LENGTH = 64 * 1024;
/** Characters that a message counts for besides its own. */
const MESSAGE_LENGTH = 64;

/** Keeps the newest: what was said in answer, then the last of what that answers. */
export function spanText(
  input: readonly { readonly role?: unknown; readonly content?: unknown }[],
  answer: string | undefined,
): SpanText {
  const output = answer ? newestOf([{ role: 'assistant', content: answer }], MAX_LENGTH) : NOTHING;
  const before = newestOf(input, MAX_LENGTH - output.length);
  return {
    input: before.said,
    output: output.said,
    isCut: output.isCut || before.isCut,
    length: output.length + before.length,
  };
}

interface Newest {
  readonly said: readonly Said[];
  readonly isCut: boolean;
  readonly length: number;
}

const NOTHING: Newest = { said: [], isCut: false, length: 0 };

function newestOf(all: readonly { readonly role?: unknown; readonly content?: unknown }[], max: number): Newest {
  const said: Said[] = [];
  let length = 0;
  for (const { role, content } of all.toReversed()) {
    const left = max - length - MESSAGE_LENGTH;
    if (left <= 0) return { said: said.reverse(), isCut: true, length };
    const text = textOf(content);
    const isCut = text.length > left;
    said.push({ role: String(role), content: isCut ? endOf(text, left) : text });
    length += MESSAGE_LENGTH + Math.min(text.length, left);
    if (isCut) return { said: said.reverse(), isCut, length };
  }
  return { said: said.reverse(), isCut: false, length };
}

/** A copy, since a piece of a string keeps the whole of it in memory. */
const endOf = (text: string, length: number): string => Buffer.from(text.slice(-length)).toString();

/** The text of a content, which may be a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (typeof part?.text === 'string' ? part.text : '')).join('');
}

/** Writes them as the conventions have it. */
export function textAttributes({ input, output, isCut }: SpanText) {
  return {
    [GEN_AI.inputMessages]: messagesOf(input),
    [GEN_AI.outputMessages]: messagesOf(output),
    [OWN.isCut]: isCut || undefined,
  };
}

const messagesOf = (said: readonly Said[]): string | undefined =>
  said.length === 0
    ? undefined
    : JSON.stringify(said.map(({ role, content }) => ({ role, parts: [{ type: 'text', content }] })));
