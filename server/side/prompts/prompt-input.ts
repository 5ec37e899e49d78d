// What a task works on, as the one block of data that a model is shown. Rule: it is data: nothing in it can end its block, pass for
// another speaker's line, or grow beyond its bound.

import type { StoredTurn } from '../../ipc/records.ts';

/** Characters of a transcript that a model is shown; of a longer one the middle is left out. */
export const MAX_INPUT_CHARS = 200_000;

export interface SpokenLine {
  readonly speaker: string;
  readonly text: string;
}

export interface PromptInput {
  /** Tagged blocks, ready to be sent. */
  readonly text: string;
  /** Something was left out. */
  readonly isCut: boolean;
}

/** Both sides of each turn, in order; sides that said nothing, or were not kept, are left out. */
export function spokenLines(turns: readonly StoredTurn[]): readonly SpokenLine[] {
  return turns.flatMap(({ user, assistant, isInterrupted }) => [
    ...(isSpoken(user) ? [{ speaker: 'User', text: user }] : []),
    ...(isSpoken(assistant)
      ? [{ speaker: isInterrupted ? 'Assistant (interrupted)' : 'Assistant', text: assistant }]
      : []),
  ]);
}

function isSpoken(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}

/** A dialogue, one line for each; undefined where nobody said anything. */
export function asDialogue(lines: readonly SpokenLine[], maxChars = MAX_INPUT_CHARS): PromptInput | undefined {
  if (lines.length === 0) return undefined;
  const { kept, isCut } = cutMiddle(lines.map(formatLine), maxChars);
  return { text: block('transcript', kept.join('\n')), isCut };
}

/** One line, whatever is in the text. */
export function formatLine({ speaker, text }: SpokenLine): string {
  return `${speaker}: ${text.replace(/\s+/g, ' ').trim()}`;
}

/** A text of any form; undefined for a blank one. */
export function asText(text: string, maxChars = MAX_INPUT_CHARS): PromptInput | undefined {
  if (text.trim() === '') return undefined;
  const { kept, isCut } = cutMiddle(text.split('\n'), maxChars);
  return { text: block('text', kept.join('\n')), isCut };
}

/** What an earlier task of the session found, ahead of what came since. */
export function withPreviousSummary(previous: string, { text, isCut }: PromptInput): PromptInput {
  return { text: `${block('previous-summary', previous)}\n${text}`, isCut };
}

/** What a task was asked, what it worked on, and what it made of it. */
export function scoredResult(asked: string, { text, isCut }: PromptInput, result: string): PromptInput {
  return { text: [block('task', asked), text, block('result', result)].join('\n'), isCut };
}

function block(tag: string, text: string): string {
  return `<${tag}>\n${withoutTags(text)}\n</${tag}>`;
}

/** A closing tag inside the data would end it early. */
function withoutTags(text: string): string {
  return text.replace(/<(?=\s*\/?\s*(transcript|text|previous-summary|task|result)\b)/gi, '‹');
}

/** Keeps the beginning and, since calls are decided late, more of the end; says how much is missing between. */
function cutMiddle(lines: readonly string[], maxChars: number): { kept: readonly string[]; isCut: boolean } {
  const total = lines.reduce((sum, line) => sum + line.length + 1, 0);
  if (total <= maxChars) return { kept: lines, isCut: false };
  const head = fill(lines, Math.floor(maxChars * 0.4));
  const rest = lines.slice(head.length).reverse();
  const tail = fill(rest, maxChars - Math.floor(maxChars * 0.4)).reverse();
  const left = total - length(head) - length(tail);
  return { kept: [...head, `[${left} characters are left out here: the text is long]`, ...tail], isCut: true };
}

/** The first lines that fit; at least the beginning of the first. */
function fill(lines: readonly string[], maxChars: number): string[] {
  const kept: string[] = [];
  let left = maxChars;
  for (const line of lines) {
    if (line.length + 1 > left) break;
    kept.push(line);
    left -= line.length + 1;
  }
  return kept.length === 0 && lines[0] !== undefined ? [lines[0].slice(0, maxChars)] : kept;
}

const length = (lines: readonly string[]) => lines.reduce((sum, line) => sum + line.length + 1, 0);
