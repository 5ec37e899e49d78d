// Follows a session and keeps the times of its turns. A turn opens when the caller has ended (spoken or written),
// and closes when the reply is complete; what is played later still counts to the turn that it answers.

import type { ViewEvent } from './dialects/dialect.ts';
import type { SessionReport } from './gateway.ts';
import { closeTurn, markTurn, measureTurn, openTurn, type Turn } from './latency.ts';

export class TurnKeeper {
  #turns: readonly Turn[] = [];
  #turnOfItem = new Map<string, number>();
  readonly #onClosed: (id: number) => void;

  /** `onClosed`: the turn's reply is complete. */
  constructor(onClosed: (id: number) => void) {
    this.#onClosed = onClosed;
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get #open(): Turn | undefined {
    const last = this.#turns.at(-1);
    return last?.outcome === 'open' ? last : undefined;
  }

  written(at: number): void {
    this.#turns = openTurn(this.#turns, { request: at });
  }

  /** The caller let go of the key. `voicedAt`: the last audible sound. */
  released(at: number, voicedAt: number | undefined): void {
    this.#turns = openTurn(this.#turns, { 'speech-end': Math.min(at, voicedAt ?? at), commit: at });
  }

  event(event: ViewEvent, at: number, voicedAt: number | undefined): void {
    switch (event.kind) {
      case 'speech-stopped':
        this.#turns = openTurn(this.#turns, { 'speech-end': Math.min(at, voicedAt ?? at) });
        break;
      case 'committed':
        if (this.#open === undefined) this.#turns = openTurn(this.#turns, {});
        this.#mark('commit', at);
        break;
      case 'reply-started':
        if (this.#open === undefined) this.#openUnannounced(voicedAt);
        break;
      case 'caption':
        if (event.side === 'provider' && event.delta !== '') this.#mark('first-text', at);
        break;
      case 'audio':
        this.#mark('first-audio', at);
        if (this.#open !== undefined) this.#remember(event.itemId, this.#open.id);
        break;
      case 'reply-done':
        if (!event.toolsPending) this.#close(event.status, at);
        break;
    }
  }

  /** The first sample of an item is heard. */
  played(itemId: string, at: number): void {
    const id = this.#turnOfItem.get(itemId);
    if (id !== undefined) this.#turns = markTurn(this.#turns, id, { name: 'playback', at });
  }

  measured(id: number, report: SessionReport): void {
    this.#turns = measureTurn(this.#turns, id, report);
  }

  /** The session ended: what is still open was not answered. */
  end(): void {
    const open = this.#open;
    if (open !== undefined) this.#turns = closeTurn(this.#turns, open.id, 'unanswered');
  }

  /** A dialect that does not say when speech ended: the last audible sound since the turn before is the origin. */
  #openUnannounced(voicedAt: number | undefined): void {
    const before = this.#turns.at(-1)?.marks ?? {};
    const lastKnown = before['speech-end'] ?? before.request ?? Number.NEGATIVE_INFINITY;
    const origin = voicedAt !== undefined && voicedAt > lastKnown ? { 'speech-end': voicedAt } : {};
    this.#turns = openTurn(this.#turns, origin);
  }

  #mark(name: 'commit' | 'first-text' | 'first-audio', at: number): void {
    const open = this.#open;
    if (open !== undefined) this.#turns = markTurn(this.#turns, open.id, { name, at });
  }

  #close(status: 'completed' | 'cancelled' | 'failed' | 'incomplete', at: number): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#turns = closeTurn(markTurn(this.#turns, open.id, { name: 'done', at }), open.id, status);
    this.#onClosed(open.id);
  }

  #remember(itemId: string, id: number): void {
    this.#turnOfItem.set(itemId, id);
    const oldest = this.#turnOfItem.keys().next().value;
    if (this.#turnOfItem.size > 100 && oldest !== undefined) this.#turnOfItem.delete(oldest);
  }
}
