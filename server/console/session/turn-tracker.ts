// Follows a session and keeps the times of its turns. A turn opens when the caller has finished (spoken or written);
// the next reply answers it. A reply that is cut off still belongs to the turn before the one that cut it off.

import type { ReplyStatus, ViewEvent } from '../dialects/dialect.ts';
import type { MarkName, TimedTurn } from '../state/latency.ts';

interface TurnTrackerOptions {
  onChange(turns: readonly TimedTurn[]): void;
  /** Called when the reply of a turn is complete. */
  onClosed(id: number): void;
}

const maxTurns = 1000;
/** Shortest pause before a reply. Every provider waits for a pause: without one, the end of speech is not known. */
const leastPauseMs = 150;

export class TurnTracker {
  /** Turn whose reply is being given. */
  answered: number | undefined;
  #turns: readonly TimedTurn[] = [];
  /** Turn that has not been answered yet. */
  #waiting: number | undefined;
  readonly #turnOfItem = new Map<string, number>();
  readonly #options: TurnTrackerOptions;

  constructor(options: TurnTrackerOptions) {
    this.#options = options;
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
        if (event.side === 'provider' && event.delta !== '') this.#mark(this.answered, 'first-text', at);
        break;
      case 'audio':
        this.#mark(this.answered, 'first-audio', at);
        this.#remember(event.itemId);
        break;
      case 'reply-done':
        if (!event.toolsPending) this.#finish(event.status, at);
        break;
    }
  }

  /** Notes that the first sample of an item is heard. */
  played(itemId: string, at: number): void {
    this.#mark(this.#turnOfItem.get(itemId), 'playback', at);
  }

  /** Notes that the reply is not played any further. */
  silenced(id: number | undefined): void {
    this.#change(id, (turn) => ({ ...turn, silenced: true }));
  }

  /** Notes what the gateway measured by the end of this turn. */
  measured(id: number, gatewayUs: number | undefined): void {
    this.#change(id, (turn) => ({ ...turn, gatewayUs }));
  }

  /** Closes what is still open when the session ends: it was not answered. */
  end(): void {
    this.#close(this.#waiting, 'unanswered');
    this.#close(this.answered, 'unanswered');
    this.#waiting = undefined;
    this.answered = undefined;
  }

  #open(marks: TimedTurn['marks']): void {
    this.#close(this.#waiting, 'unanswered');
    const id = (this.#turns.at(-1)?.id ?? 0) + 1;
    this.#waiting = id;
    this.#publish([...this.#turns, { id, marks, outcome: 'open' as const }].slice(-maxTurns));
  }

  #answer(at: number, voicedAt: number | undefined): void {
    // A reply after a function call goes on with the turn that it belongs to.
    if (this.#waiting === undefined && this.answered !== undefined) return;
    if (this.#waiting === undefined) this.#openUnannounced(at, voicedAt);
    this.#close(this.answered, 'incomplete');
    this.answered = this.#waiting;
    this.#waiting = undefined;
  }

  /** Opens a turn in a dialect that does not say when speech ended: its origin is the last audible sound since the turn before. */
  #openUnannounced(at: number, voicedAt: number | undefined): void {
    const before = this.#turns.at(-1)?.marks ?? {};
    const lastKnown = before['speech-end'] ?? before.request ?? Number.NEGATIVE_INFINITY;
    this.#open(voicedAt !== undefined && voicedAt > lastKnown ? speechEnd(at, voicedAt) : {});
  }

  #finish(status: ReplyStatus, at: number): void {
    const id = this.answered;
    if (id === undefined) return;
    this.answered = undefined;
    this.#mark(id, 'done', at);
    this.#close(id, status);
    this.#options.onClosed(id);
  }

  #remember(itemId: string): void {
    if (this.answered === undefined || this.#turnOfItem.has(itemId)) return;
    this.#turnOfItem.set(itemId, this.answered);
    const [oldest] = this.#turnOfItem.keys();
    if (this.#turnOfItem.size > 100 && oldest !== undefined) this.#turnOfItem.delete(oldest);
  }

  /** The first mark of a kind counts. */
  #mark(id: number | undefined, name: MarkName, at: number): void {
    this.#change(id, (turn) =>
      turn.marks[name] === undefined ? { ...turn, marks: { ...turn.marks, [name]: at } } : turn,
    );
  }

  #close(id: number | undefined, outcome: TimedTurn['outcome']): void {
    this.#change(id, (turn) => (turn.outcome === 'open' ? { ...turn, outcome } : turn));
  }

  #change(id: number | undefined, change: (turn: TimedTurn) => TimedTurn): void {
    const at = this.#turns.findIndex((turn) => turn.id === id);
    const turn = this.#turns[at];
    if (turn !== undefined) this.#publish(this.#turns.with(at, change(turn)));
  }

  #publish(turns: readonly TimedTurn[]): void {
    this.#turns = turns;
    this.#options.onChange(turns);
  }
}

function speechEnd(at: number, voicedAt: number | undefined): TimedTurn['marks'] {
  return voicedAt !== undefined && at - voicedAt >= leastPauseMs ? { 'speech-end': voicedAt } : {};
}
