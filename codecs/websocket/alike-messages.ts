// Recognises a read that holds nothing but messages which begin like the one before: audio is sent in such messages, thousands to a call.
// Rule: of each message only the bytes that decide what it is are unmasked and compared.

import { BACKSLASH, QUOTE } from '../json/bytes.ts';
import { BINARY, headerLength, payloadLength, TEXT } from './frame-header.ts';

/** The bytes that decide what a message is: so many of its first, and behind a string without quotes so many of its last. */
export interface DecisiveBytes {
  readonly first: number;
  /** Begins with the quote that ends the string; 0: the first bytes are enough. */
  readonly last: number;
}

const NO_WORDS = new Int32Array(0);
const NO_BYTES = Buffer.alloc(0);

interface AlikeOptions {
  /** True for frames of clients. */
  readonly isMasked: boolean;
  readonly maxPayloadBytes: number;
}

export class AlikeMessages {
  /** Messages of the newest read that was recognised, and their payload bytes. */
  count = 0;
  bytes = 0;
  readonly #isMasked: boolean;
  readonly #maxPayloadBytes: number;
  /** The first byte of each frame; -1 while no message is known. */
  #opening = -1;
  /** First bytes of each payload as little-endian integers; the last one overlaps the one before where they are no multiple of four. */
  #first = NO_WORDS;
  #firstBytes = 0;
  #last = NO_BYTES;

  constructor({ isMasked, maxPayloadBytes }: AlikeOptions) {
    this.#isMasked = isMasked;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Takes this message for an example; undefined: from now on no message is alike. */
  learn(data: Buffer, binary: boolean, decisive: DecisiveBytes | undefined): void {
    this.#opening = -1;
    if (decisive === undefined) return;
    const { first, last } = decisive;
    if ((first > 0 && first < 4) || (last > 0 && this.#isMasked)) return;
    const words = (first + 3) >> 2;
    if (this.#first.length !== words) this.#first = new Int32Array(words);
    for (let index = 0; index < words; index += 1)
      this.#first[index] = data.readInt32LE(Math.min(4 * index, first - 4));
    this.#firstBytes = first;
    this.#last = last > 0 ? Buffer.from(data.subarray(data.length - last)) : NO_BYTES;
    this.#opening = 0x80 | (binary ? BINARY : TEXT);
  }

  /** Tells whether the chunk is such messages and nothing else, `maxCount` at most and none of them cut off. */
  areAll(chunk: Buffer, maxCount: number): boolean {
    let count = 0;
    let bytes = 0;
    let at = 0;
    while (at < chunk.length) {
      if (chunk[at] !== this.#opening || at + 2 > chunk.length || count + 1 > maxCount) return false;
      const second = chunk[at + 1] as number;
      const start = at + headerLength(second);
      if (second >= 0x80 !== this.#isMasked || start > chunk.length) return false;
      const length = payloadLength(chunk, at);
      at = start + length;
      if (at > chunk.length || length > this.#maxPayloadBytes || !this.#isAlike(chunk, start, at)) return false;
      count += 1;
      bytes += length;
    }
    this.count = count;
    this.bytes = bytes;
    return count > 0;
  }

  #isAlike(chunk: Buffer, start: number, end: number): boolean {
    const last = this.#last;
    const string = start + this.#firstBytes;
    const quote = end - last.length;
    if (quote < string || !this.#begins(chunk, start)) return false;
    if (last.length === 0) return true;
    if (chunk.indexOf(QUOTE, string) !== quote || chunk[quote - 1] === BACKSLASH) return false;
    return last.compare(chunk, quote, end) === 0;
  }

  #begins(chunk: Buffer, start: number): boolean {
    const first = this.#first;
    const rest = this.#firstBytes & 3;
    const mask = this.#isMasked ? chunk.readInt32LE(start - 4) : 0;
    const words = this.#firstBytes >> 2;
    for (let index = 0; index < words; index += 1)
      if ((chunk.readInt32LE(start + 4 * index) ^ mask) !== first[index]) return false;
    const turned = (mask >>> (8 * rest)) | (mask << (32 - 8 * rest));
    return rest === 0 || (chunk.readInt32LE(start + this.#firstBytes - 4) ^ turned) === first[words];
  }
}
