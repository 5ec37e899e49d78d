// The masking of client frames (RFC 6455, section 5.3): each byte XOR one of four, in turn.

export interface MaskedPiece {
  /** Of the bytes in the chunk. */
  readonly from: number;
  readonly to: number;
  /** The four bytes as they stand in the header, read as a little-endian integer. */
  readonly mask: number;
  /** Bytes of the payload that came before this piece. */
  readonly read: number;
}

const FIRST_BYTES = 64 * 1024;
let words = new Int32Array(FIRST_BYTES / 4);
let bytes = Buffer.from(words.buffer);
/** The newest result at the start of the memory: frames of audio have one size, and making a view costs more than unmasking. */
let first = bytes;

/**
 * The unmasked bytes, in memory that everyone uses: valid until somebody unmasks to the same place. `place` is a multiple
 * of 4; the pieces of one chunk that are looked at together get places that do not overlap.
 */
export function unmask(chunk: Buffer, { from, to, mask, read }: MaskedPiece, place: number): Buffer {
  const length = to - from;
  if (place + length + 3 > bytes.length) grow(place + length + 3);
  chunk.copy(bytes, place, from, to);
  const turn = (read & 3) * 8;
  const turned = turn === 0 ? mask : (mask >>> turn) | (mask << (32 - turn));
  const end = (place + length + 3) >> 2;
  for (let index = place >> 2; index < end; index += 1) words[index] = (words[index] as number) ^ turned;
  if (place > 0) return bytes.subarray(place, place + length);
  if (first.length !== length) first = bytes.subarray(0, length);
  return first;
}

/** Views of the memory before keep it alive. */
function grow(length: number): void {
  words = new Int32Array(Math.ceil(length / 4));
  bytes = Buffer.from(words.buffer);
  first = bytes;
}
