// The masking of client frames (RFC 6455, section 5.3): each byte is XORed with one of four, in turn.

interface MaskedPiece {
  /** Bounds of the piece in the chunk. */
  readonly from: number;
  readonly to: number;
  /** The four masking bytes of the header as a little-endian integer. */
  readonly mask: number;
  /** Number of payload bytes before this piece. */
  readonly read: number;
}

const FIRST_BYTES = 64 * 1024;
let words = new Int32Array(FIRST_BYTES / 4);
let bytes = Buffer.from(words.buffer);
/** The newest view at the start of the memory. Audio frames have one size, and making a view costs more than unmasking. */
let first = bytes;

/**
 * The unmasked bytes, in shared memory: valid until the next call with an overlapping place. `place` is an offset in that
 * memory, a multiple of 4. Pieces that are used together need places that do not overlap.
 */
export function unmask(chunk: Buffer, { from, to, mask, read }: MaskedPiece, place: number): Buffer {
  const length = to - from;
  if (place + length + 3 > bytes.length) grow(place + length + 3);
  chunk.copy(bytes, place, from, to);
  const turn = (read & 3) * 8;
  const turned = turn === 0 ? mask : (mask >>> turn) | (mask << (32 - turn));
  flip(words, turned, place >> 2, (place + length + 3) >> 2);
  if (place > 0) return bytes.subarray(place, place + length);
  if (first.length !== length) first = bytes.subarray(0, length);
  return first;
}

/** The unmasked bytes of a whole payload, in memory of their own; without a mask those of the chunk itself. */
export function unmaskWhole(chunk: Buffer, { from, to, mask }: Omit<MaskedPiece, 'read'>): Buffer {
  if (mask === 0) return chunk.subarray(from, to);
  const own = new Int32Array((to - from + 3) >> 2);
  const plain = Buffer.from(own.buffer, 0, to - from);
  chunk.copy(plain, 0, from, to);
  flip(own, mask, 0, own.length);
  return plain;
}

function flip(masked: Int32Array, mask: number, from: number, to: number): void {
  for (let index = from; index < to; index += 1) masked[index] = (masked[index] as number) ^ mask;
}

/** Replaces the memory. Earlier views keep the old one alive. */
function grow(length: number): void {
  words = new Int32Array(Math.ceil(length / 4));
  bytes = Buffer.from(words.buffer);
  first = bytes;
}
