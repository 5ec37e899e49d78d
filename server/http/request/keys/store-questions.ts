// Bounds what clients can make this process ask the owner of the store before it knows who they are: their credentials may all be made up.

import { type Away, ownerAnswer } from '../../../ipc/channel/owner-answer.ts';

/** Questions that may wait for their answers at once, in all and for one address. */
const MAX_PENDING = { all: 1000, address: 250 };

interface Question {
  /** Equal questions have equal texts, and share one answer. */
  readonly text: string;
  /** The address of the client that asks; undefined where it is known already, and nothing bounds it here. */
  readonly address: string | undefined;
}

export class StoreQuestions {
  /** Answers that are waited for, by their questions. */
  readonly #pending = new Map<string, Promise<unknown>>();
  /** Addresses of the questions that are bounded. */
  readonly #addresses = new Map<string, number>();
  #bounded = 0;

  /** Asks nobody where as many questions wait as may. Questions of one text have answers of one type. */
  async ask<Answer>({ text, address }: Question, find: () => Promise<Answer> | undefined): Promise<Answer | Away> {
    const pending = this.#pending.get(text) as Promise<Answer | Away> | undefined;
    if (pending !== undefined) return pending;
    if (address !== undefined && this.#isFull(address)) return 'away';
    const asking = ownerAnswer(find()).finally(() => {
      this.#pending.delete(text);
      this.#count(address, -1);
    });
    this.#pending.set(text, asking);
    this.#count(address, 1);
    return asking;
  }

  #isFull(address: string): boolean {
    return this.#bounded >= MAX_PENDING.all || (this.#addresses.get(address) ?? 0) >= MAX_PENDING.address;
  }

  #count(address: string | undefined, change: 1 | -1): void {
    if (address === undefined) return;
    const own = (this.#addresses.get(address) ?? 0) + change;
    if (own === 0) this.#addresses.delete(address);
    else this.#addresses.set(address, own);
    this.#bounded += change;
  }
}
