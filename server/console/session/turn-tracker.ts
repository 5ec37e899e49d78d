// Follows a session and keeps the times of its turns. A turn opens when the caller has ended (spoken or written);
// the next reply answers it. A reply that is cut off still belongs to the turn before the one that cut it off.

import type { SessionReport } from '../api/gateway.ts';
import type { ReplyStatus, ViewEvent } from '../dialects/dialect.ts';
import { addTurn, closeTurn, type MarkName, markTurn, measureTurn, silenceTurn, type Turn } from '../state/latency.ts';

export class TurnKeeper {
  #turns: readonly Turn[] = [];
  /** Has not been answered yet. */
  #waiting: number | undefined;
  /** Is being answered. */
  #answered: number | undefined;
  readonly #turnOfItem = new Map<string, number>();
  readonly #onClosed: (id: number) => void;

  /** `onClosed`: the turn's reply is complete. */
  constructor(onClosed: (id: number) => void) {
    this.#onClosed = onClosed;
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  written(at: number): void {
    this.#open({ request: at });
  }

  /** The caller let go of the key. `voicedAt`: the last audible sound. */
  released(at: number, voicedAt: number | undefined): void {
    this.#open({ 'speech-end': Math.min(at, voicedAt ?? at), commit: at });
  }

  event(event: ViewEvent, at: number, voicedAt: number | undefined): void {
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

  /** The first sample of an item is heard. */
  played(itemId: string, at: number): void {
    this.#mark(this.#turnOfItem.get(itemId), 'playback', at);
  }

  /** The turn whose reply is being given. */
  get answered(): number | undefined {
    return this.#answered;
  }

  silenced(id: number): void {
    this.#turns = silenceTurn(this.#turns, id);
  }

  measured(id: number, report: SessionReport): void {
    this.#turns = measureTurn(this.#turns, id, report);
  }

  /** The session ended: what is still open was not answered. */
  end(): void {
    for (const id of [this.#waiting, this.#answered]) {
      if (id !== undefined) this.#turns = closeTurn(this.#turns, id, 'unanswered');
    }
    this.#waiting = undefined;
    this.#answered = undefined;
  }

  #open(marks: Turn['marks']): void {
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

  /** A dialect that does not say when speech ended: the last audible sound since the turn before is the origin. */
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

/** Every provider waits for a pause: where none was before it answered, the end of speech is not known. */
const leastPauseMs = 150;

function speechEnd(at: number, voicedAt: number | undefined): Turn['marks'] {
  return voicedAt !== undefined && at - voicedAt >= leastPauseMs ? { 'speech-end': voicedAt } : {};
}
