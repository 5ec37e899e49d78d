// A turn while it lasts: when it was, and the words of both sides, some of which are known to come later.

import type { Utterance } from '../../../adapters/realtime/contract/observation.ts';

/** Utterances of one side of a turn; further ones are left out. */
const MAX_UTTERANCES = 200;

interface Line {
  /** The item whose text is still to come. */
  pendingItem: string | undefined;
  text: string;
  readonly isPartial: boolean;
}

export class Turn {
  isInterrupted = false;
  /** True once the assistant has begun to answer. */
  hasReply = false;
  readonly #lines: Record<Utterance['role'], Line[]> = { user: [], assistant: [] };
  readonly #charactersLeft: Record<Utterance['role'], number>;
  #startedAt: number | undefined;
  #endedAt: number | undefined;

  /** `maxCharacters`: of each side; what is beyond is left out. */
  constructor(maxCharacters: number) {
    this.#charactersLeft = { user: maxCharacters, assistant: maxCharacters };
  }

  /** Monotonic ms. */
  get startedAt(): number {
    return this.#startedAt ?? 0;
  }

  /** Monotonic ms; the same as `startedAt` until the turn ends. */
  get endedAt(): number {
    return this.#endedAt ?? this.startedAt;
  }

  /** True once anything happened in it. */
  get hasStarted(): boolean {
    return this.#startedAt !== undefined;
  }

  /** True when it counts as a turn: somebody said something. */
  get hasContent(): boolean {
    return this.hasReply || this.#lines.user.length > 0 || this.#lines.assistant.length > 0;
  }

  /** True when no more words are expected. Words in pieces never say that they are complete. */
  get isComplete(): boolean {
    const { user, assistant } = this.#lines;
    return [...user, ...assistant].every(({ pendingItem, isPartial }) => pendingItem === undefined && !isPartial);
  }

  /** Keeps the time of the first thing that happened. */
  start(at: number): void {
    this.#startedAt ??= at;
  }

  reply(at: number): void {
    this.start(at);
    this.hasReply = true;
  }

  /** Leaves a place for what the user said aloud, until its text comes. */
  expectTranscript(item: string, at: number): void {
    this.start(at);
    this.#push('user', { pendingItem: item, text: '', isPartial: false });
  }

  expects(item: string): boolean {
    return this.#lines.user.some(({ pendingItem }) => pendingItem === item);
  }

  add({ role, text, isPartial, item, isProvisional }: Utterance, at: number): void {
    this.start(at);
    const lines = this.#lines[role];
    const last = lines.at(-1);
    const pending = item === undefined ? undefined : lines.find(({ pendingItem }) => pendingItem === item);
    if (pending !== undefined) {
      this.#charactersLeft[role] += pending.text.length;
      pending.text = this.#bounded(role, text);
      if (!isProvisional) pending.pendingItem = undefined;
    } else if (isPartial && last?.isPartial) last.text += this.#bounded(role, text);
    else this.#push(role, { pendingItem: undefined, text: this.#bounded(role, text), isPartial: isPartial === true });
  }

  end(at: number, isInterrupted: boolean): void {
    this.#endedAt = at;
    this.isInterrupted = isInterrupted;
  }

  /** Returns a line for each utterance. */
  text(role: Utterance['role']): string {
    const texts = this.#lines[role].map(({ text }) => text.trim());
    return texts.filter(Boolean).join('\n');
  }

  #push(role: Utterance['role'], line: Line): void {
    if (this.#lines[role].length < MAX_UTTERANCES) this.#lines[role].push(line);
  }

  #bounded(role: Utterance['role'], text: string): string {
    const within = text.slice(0, this.#charactersLeft[role]);
    this.#charactersLeft[role] -= within.length;
    return within;
  }
}
