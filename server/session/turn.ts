// One turn while it lasts: when it was, and the words of both sides, some of which are known to come later.

import type { Utterance } from '../../adapters/realtime/contract.ts';

/** Utterances of one side of a turn; more are left out. */
const MAX_UTTERANCES = 200;

interface Line {
  /** The item that was heard, while its text has not come. */
  awaited: string | undefined;
  text: string;
  readonly isPieces: boolean;
}

export interface Turn {
  /** Monotonic ms; `endedAt` is the same as `startedAt` until it ends. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isInterrupted: boolean;
  /** Whether anything happened in it. */
  readonly hasStarted: boolean;
  /** Whether the assistant has begun to answer. */
  readonly hasReply: boolean;
  /** Whether that makes it a turn: somebody said something. */
  readonly hasContent: boolean;
  /** Whether no more words are expected. Words in pieces never say that they are complete. */
  readonly isComplete: boolean;
  /** Something happened in it. */
  start(at: number): void;
  reply(at: number): void;
  awaitWords(item: string, at: number): void;
  awaits(item: string): boolean;
  add(said: Utterance, at: number): void;
  end(at: number, isInterrupted: boolean): void;
  /** One line for each utterance. */
  text(role: Utterance['role']): string;
}

/** `maxCharacters`: of each side; what is beyond is left out. */
export function openTurn(maxCharacters: number): Turn {
  const words: Record<Utterance['role'], Line[]> = { user: [], assistant: [] };
  const room = { user: maxCharacters, assistant: maxCharacters };
  let startedAt: number | undefined;
  let endedAt: number | undefined;
  let isInterrupted = false;
  let hasReply = false;

  function touch(at: number): void {
    startedAt ??= at;
  }

  function add(role: Utterance['role'], line: Line): void {
    if (words[role].length < MAX_UTTERANCES) words[role].push(line);
  }

  function bounded(role: Utterance['role'], text: string): string {
    const within = text.slice(0, room[role]);
    room[role] -= within.length;
    return within;
  }

  return {
    get startedAt() {
      return startedAt ?? 0;
    },
    get endedAt() {
      return endedAt ?? startedAt ?? 0;
    },
    get isInterrupted() {
      return isInterrupted;
    },
    get hasStarted() {
      return startedAt !== undefined;
    },
    get hasReply() {
      return hasReply;
    },
    get hasContent() {
      return hasReply || words.user.length > 0 || words.assistant.length > 0;
    },
    get isComplete() {
      return [...words.user, ...words.assistant].every(({ awaited, isPieces }) => awaited === undefined && !isPieces);
    },
    start: touch,
    reply(at) {
      touch(at);
      hasReply = true;
    },
    awaitWords(item, at) {
      touch(at);
      add('user', { awaited: item, text: '', isPieces: false });
    },
    awaits: (item) => words.user.some(({ awaited }) => awaited === item),
    add({ role, text, isPartial = false, item }, at) {
      touch(at);
      const last = words[role].at(-1);
      const heard = item === undefined ? undefined : words.user.find(({ awaited }) => awaited === item);
      if (heard !== undefined) {
        heard.text = bounded(role, text);
        heard.awaited = undefined;
      } else if (isPartial && last?.isPieces) last.text += bounded(role, text);
      else add(role, { awaited: undefined, text: bounded(role, text), isPieces: isPartial });
    },
    end(at, wasInterrupted) {
      endedAt = at;
      isInterrupted = wasInterrupted;
    },
    text: (role) =>
      words[role]
        .map(({ text }) => text.trim())
        .filter(Boolean)
        .join('\n'),
  };
}
