// The conversations of one socket that are stored nowhere: those of its last responses with `store: false`, while it is open.

import type { JsonObject } from '../../../../codecs/json/object.ts';

/** Responses that may be continued. */
const MAX_RESPONSES = 16;

interface Conversation {
  readonly items: readonly JsonObject[];
  readonly length: number;
}

export class LocalResponses {
  readonly #maxLength: number;
  readonly #conversations = new Map<string, Conversation>();

  /** `maxLength`: characters of all that is remembered. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get(id: string): readonly JsonObject[] | undefined {
    return this.#conversations.get(id)?.items;
  }

  /** Forgets a response: one that failed to be continued, as at OpenAI. */
  forget(id: string): void {
    this.#conversations.delete(id);
  }

  /** Remembers the whole conversation up to a response, its output included. The oldest ones go first. */
  remember(id: string, items: readonly JsonObject[]): void {
    const { length } = JSON.stringify(items);
    this.#conversations.set(id, { items, length });
    let total = [...this.#conversations.values()].reduce((sum, one) => sum + one.length, 0);
    for (const [oldest, one] of this.#conversations) {
      if (this.#conversations.size <= MAX_RESPONSES && total <= this.#maxLength) return;
      this.#conversations.delete(oldest);
      total -= one.length;
    }
  }
}
