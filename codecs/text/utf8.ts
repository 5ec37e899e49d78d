// Validates UTF-8 in text that comes in pieces. A character may be cut anywhere.

import { isUtf8 } from 'node:buffer';

/** Checks the next piece. Returns false once the text cannot be UTF-8, and for the last piece also when a character is incomplete. */
export type Utf8Check = (piece: Buffer, isLast: boolean) => boolean;

const LONGEST = 4;

export function utf8Check(): Utf8Check {
  let cut: Buffer | undefined;
  return (piece, isLast) => {
    let from = 0;
    if (cut !== undefined) {
      const missing = characterBytes(cut[0] as number) - cut.length;
      const character = Buffer.concat([cut, piece.subarray(0, missing)]);
      if (missing > piece.length && !isLast) {
        cut = character;
        return canContinue(cut);
      }
      if (!isUtf8(character)) return false;
      from = missing;
      cut = undefined;
    }
    const to = isLast ? piece.length : lastCharacterEnd(piece, from);
    if (to < piece.length) cut = Buffer.from(piece.subarray(to));
    if (cut !== undefined && !canContinue(cut)) return false;
    return isUtf8(from === 0 && to === piece.length ? piece : piece.subarray(from, to));
  };
}

/** The index of a last character that may be incomplete; the length when there is none. */
function lastCharacterEnd(piece: Buffer, from: number): number {
  for (let back = 1; back < LONGEST && piece.length - back >= from; back += 1) {
    const byte = piece[piece.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    return characterBytes(byte) > back ? piece.length - back : piece.length;
  }
  return piece.length;
}

/** True when a character can begin like this. If any can, the first or the last candidate can. */
function canContinue(cut: Buffer): boolean {
  const missing = characterBytes(cut[0] as number) - cut.length;
  return [0x80, 0xbf].some((byte) => isUtf8(Buffer.concat([cut, Buffer.alloc(missing, byte)])));
}

/** The length of a character by its first byte; 1 for an invalid first byte, which the check then refuses. */
function characterBytes(first: number): number {
  if (first >= 0xf0 && first < 0xf8) return 4;
  if (first >= 0xe0) return first < 0xf0 ? 3 : 1;
  return first >= 0xc0 ? 2 : 1;
}
