// Keeps the newest sound of a client: what its provider has yet to take as said is said again to the next socket.

import type { Frame, OutFrame } from '../../../codecs/websocket/frame.ts';

/** Time for which sound is kept while nobody speaks: speech is noticed only behind its beginning. */
const QUIET_MS = 2000;
const SPEAKING_MS = 20_000;
const MAX_BYTES = 2 * 1024 * 1024;

interface KeptSound {
  readonly frame: OutFrame;
  readonly at: number;
  /** Set for a message by which the client ends what it says. */
  readonly isEnd: boolean;
}

export class HeldSound {
  #kept: KeptSound[] = [];
  #bytes = 0;
  /** Set while the user speaks. */
  isSpeech = false;

  add({ data, binary, at }: Frame, isEnd = false): void {
    this.#kept.push({ frame: { data: Buffer.from(data), binary }, at, isEnd });
    this.#bytes += data.length;
    const oldest = at - (this.isSpeech ? SPEAKING_MS : QUIET_MS);
    let over = 0;
    while (this.#kept.length > over && (this.#bytes > MAX_BYTES || (this.#kept[over]?.at ?? at) < oldest)) {
      this.#bytes -= this.#kept[over]?.frame.data.length ?? 0;
      over += 1;
    }
    if (over > 0) this.#kept.splice(0, over);
  }

  /** Forgets what came before that time (monotonic ms). */
  heard(before: number): void {
    this.#keep(this.#kept.filter(({ at }) => at >= before));
  }

  /** Forgets what the client has ended first, and that end; false where it has ended nothing. */
  heardToEnd(): boolean {
    const end = this.#kept.findIndex(({ isEnd }) => isEnd);
    this.#keep(this.#kept.slice(end + 1));
    return end >= 0;
  }

  #keep(kept: KeptSound[]): void {
    this.#kept = kept;
    this.#bytes = kept.reduce((sum, { frame }) => sum + frame.data.length, 0);
  }

  /** The sound that was not heard, oldest first. It stays kept. */
  get frames(): readonly OutFrame[] {
    return this.#kept.map(({ frame }) => frame);
  }
}
