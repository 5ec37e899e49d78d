// Writes what a task works on as one block of data for a model. Nothing in it can end its block, pass for another speaker's line, or grow
// beyond its bound.

import type { StoredTurn } from '../../ipc/stored-rows.ts';

/** Length of a transcript that a model is shown; the middle of a longer one is left out. */
export const MAX_INPUT_CHARS = 200_000;

interface SpokenLine {
  readonly speaker: string;
  readonly text: string;
}

export interface PromptInput {
  /** Tagged blocks. */
  readonly text: string;
  /** Something was left out. */
  readonly isCut: boolean;
}

/** Lists both sides of each turn, in order, without sides that said nothing or were not kept. */
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

/** Returns undefined where nobody said anything. */
export function asDialogue(lines: readonly SpokenLine[], maxChars = MAX_INPUT_CHARS): PromptInput | undefined {
  if (lines.length === 0) return undefined;
  const { kept, isCut } = cutMiddle(lines.map(formatLine), maxChars);
  return { text: block('transcript', kept.join('\n')), isCut };
}

/** Makes one line of any text. */
export function formatLine({ speaker, text }: SpokenLine): string {
  return `${speaker}: ${text.replace(/\s+/g, ' ').trim()}`;
}

/** Returns undefined for a blank text. */
export function asText(text: string, maxChars = MAX_INPUT_CHARS): PromptInput | undefined {
  if (text.trim() === '') return undefined;
  const { kept, isCut } = cutMiddle(text.split('\n'), maxChars);
  return { text: block('text', kept.join('\n')), isCut };
}

/** Puts the summary so far ahead of what was said since. */
export function withPreviousSummary(summary: string, { text, isCut }: PromptInput): PromptInput {
  return { text: `${block('previous-summary', summary)}\n${text}`, isCut };
}

/** Puts together what a task was asked, what it worked on, and its result. */
export function scoredResult(instructions: string, { text, isCut }: PromptInput, result: string): PromptInput {
  return { text: [block('task', instructions), text, block('result', result)].join('\n'), isCut };
}

function block(tag: string, text: string): string {
  return `<${tag}>\n${withoutTags(text)}\n</${tag}>`;
}

/** Breaks our tags inside the data, where a closing one would end it early. */
function withoutTags(text: string): string {
  return text.replace(/<(?=\s*\/?\s*(transcript|text|previous-summary|task|result)\b)/gi, '‹');
}

/** Keeps the beginning and, since calls are decided late, more of the end. A line between them says how much is missing. */
function cutMiddle(lines: readonly string[], maxChars: number): { kept: readonly string[]; isCut: boolean } {
  const total = lines.reduce((sum, line) => sum + line.length + 1, 0);
  if (total <= maxChars) return { kept: lines, isCut: false };
  const head = fill(lines, Math.floor(maxChars * 0.4));
  const rest = lines.slice(head.length).reverse();
  const tail = fill(rest, maxChars - Math.floor(maxChars * 0.4)).reverse();
  const left = total - length(head) - length(tail);
  return { kept: [...head, `[${left} characters are left out here: the text is long]`, ...tail], isCut: true };
}

/** Returns the first lines that fit, at least the beginning of the first. */
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
