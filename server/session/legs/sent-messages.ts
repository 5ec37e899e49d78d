// Keeps the newest messages that a client was sent, for one that goes away and comes back: it says how many it has got, and gets those behind.

import type { OutFrame } from '../../../codecs/websocket/frame.ts';
import type { MovingState } from '../../ipc/session-record.ts';

/** Memory that a message takes beside its bytes: many small ones would hold far more than they have. */
const MESSAGE_BYTES = 128;

export class SentMessages {
  readonly #maxBytes: number;
  #kept: OutFrame[] = [];
  #bytes = 0;
  #count = 0;

  constructor(maxBytes: number, before?: Pick<MovingState, 'sent' | 'kept'>) {
    this.#maxBytes = maxBytes;
    if (before === undefined) return;
    this.#count = before.sent - before.kept.length;
    for (const message of before.kept) this.add(message);
  }

  get kept(): readonly OutFrame[] {
    return this.#kept;
  }

  /** The number of all messages so far, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** `data` is valid during the call. */
  add({ data, binary }: OutFrame): void {
    this.#kept.push({ data: Buffer.from(data), binary });
    this.#bytes += MESSAGE_BYTES + data.length;
    this.#count += 1;
    let over = 0;
    while (this.#bytes > this.#maxBytes) {
      this.#bytes -= MESSAGE_BYTES + (this.#kept[over]?.data.length ?? 0);
      over += 1;
    }
    if (over > 0) this.#kept.splice(0, over);
  }

  /** Tells whether all messages behind the first `received` are kept. */
  has(received: number): boolean {
    return received <= this.#count && received >= this.#count - this.#kept.length;
  }

  /** The messages behind the first `received`, all of which must be kept. */
  after(received: number): readonly OutFrame[] {
    return this.#kept.slice(this.#kept.length - (this.#count - received));
  }
}
