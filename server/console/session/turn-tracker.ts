// Follows a session and keeps the times of its turns. A turn opens when the caller has finished (spoken or written);
// the next reply answers it. A reply that is cut off still belongs to the turn before the one that cut it off.

import type { SessionReport } from '../api/gateway.ts';
import type { ReplyStatus, ViewEvent } from '../dialects/dialect.ts';
import {
  addTurn,
  closeTurn,
  type MarkName,
  markTurn,
  measureTurn,
  silenceTurn,
  type TimedTurn,
} from '../state/latency.ts';

export class TurnTracker {
  #turns: readonly TimedTurn[] = [];
  /** Turn that has not been answered yet. */
  #waiting: number | undefined;
  /** Turn that is being answered. */
  #answered: number | undefined;
  readonly #turnOfItem = new Map<string, number>();
  readonly #onClosed: (id: number) => void;

  /** `onClosed`: called when the reply of a turn is complete. */
  constructor(onClosed: (id: number) => void) {
    this.#onClosed = onClosed;
  }

  get turns(): readonly TimedTurn[] {
    return this.#turns;
  }

  written(at: number): void {
    this.#open({ request: at });
  }

  /** Opens a turn when the caller lets go of the key. `voicedAt`: time of the last audible sound. */
  released(at: number, voicedAt: number | undefined): void {
    this.#open({ 'speech-end': Math.min(at, voicedAt ?? at), commit: at });
  }

  /** Marks what an event says about the turns. `voicedAt`: time of the caller's last audible sound. */
  observe(event: ViewEvent, at: number, voicedAt: number | undefined): void {
    switch (event.kind) {
      case 'speech-stopped':
        this.#open(speechEnd(at, voicedAt));
        break;
      case 'committed':
        this.#mark(this.#waiting, 'commit', at);
        break;
      case 'reply-started':
        this.#answer(at, voicedAt);
        break;
      case 'caption':
        if (event.side === 'provider' && event.delta !== '') this.#mark(this.#answered, 'first-text', at);
        break;
      case 'audio':
        this.#mark(this.#answered, 'first-audio', at);
        this.#remember(event.itemId);
        break;
      case 'reply-done':
        if (!event.toolsPending) this.#close(event.status, at);
        break;
    }
  }

  /** Notes that the first sample of an item is heard. */
  played(itemId: string, at: number): void {
    this.#mark(this.#turnOfItem.get(itemId), 'playback', at);
  }

  /** Turn whose reply is being given. */
  get answeredTurn(): number | undefined {
    return this.#answered;
  }

  silenced(id: number): void {
    this.#turns = silenceTurn(this.#turns, id);
  }

  measured(id: number, report: SessionReport): void {
    this.#turns = measureTurn(this.#turns, id, report);
  }

  /** Closes what is still open when the session ends: it was not answered. */
  end(): void {
    for (const id of [this.#waiting, this.#answered]) {
      if (id !== undefined) this.#turns = closeTurn(this.#turns, id, 'unanswered');
    }
    this.#waiting = undefined;
    this.#answered = undefined;
  }

  #open(marks: TimedTurn['marks']): void {
    if (this.#waiting !== undefined) this.#turns = closeTurn(this.#turns, this.#waiting, 'unanswered');
    this.#turns = addTurn(this.#turns, marks);
    this.#waiting = this.#turns.at(-1)?.id;
  }

  #answer(at: number, voicedAt: number | undefined): void {
    // A reply after a function call goes on with the turn that it belongs to.
    if (this.#waiting === undefined && this.#answered !== undefined) return;
    if (this.#waiting === undefined) this.#openUnannounced(at, voicedAt);
    if (this.#answered !== undefined) this.#turns = closeTurn(this.#turns, this.#answered, 'incomplete');
    this.#answered = this.#waiting;
    this.#waiting = undefined;
  }

  /** Opens a turn in a dialect that does not say when speech ended: its origin is the last audible sound since the turn before. */
  #openUnannounced(at: number, voicedAt: number | undefined): void {
    const before = this.#turns.at(-1)?.marks ?? {};
    const lastKnown = before['speech-end'] ?? before.request ?? Number.NEGATIVE_INFINITY;
    this.#open(voicedAt !== undefined && voicedAt > lastKnown ? speechEnd(at, voicedAt) : {});
  }

  #mark(id: number | undefined, name: MarkName, at: number): void {
    if (id !== undefined) this.#turns = markTurn(this.#turns, id, { name, at });
  }

  #close(status: ReplyStatus, at: number): void {
    const id = this.#answered;
    if (id === undefined) return;
    this.#answered = undefined;
    this.#mark(id, 'done', at);
    this.#turns = closeTurn(this.#turns, id, status);
    this.#onClosed(id);
  }

  #remember(itemId: string): void {
    if (this.#answered === undefined || this.#turnOfItem.has(itemId)) return;
    this.#turnOfItem.set(itemId, this.#answered);
    const oldest = this.#turnOfItem.keys().next().value;
    if (this.#turnOfItem.size > 100 && oldest !== undefined) this.#turnOfItem.delete(oldest);
  }
}

/** Shortest pause before a reply. Every provider waits for a pause: without one, the end of speech is not known. */
const leastPauseMs = 150;

function speechEnd(at: number, voicedAt: number | undefined): TimedTurn['marks'] {
  return voicedAt !== undefined && at - voicedAt >= leastPauseMs ? { 'speech-end': voicedAt } : {};
}
