// The stamp in the text of a token: when the endpoint wrote it, and when its question had come. It is plain text, so that whatever
// forwards, parses or translates the token leaves it alone.

const DIGITS = 16;
const STAMP = /t(\d{16})c(\d{16})e/g;
/** Characters of a stamp. */
export const STAMP_LENGTH = 2 * DIGITS + 3;

export interface TokenStamp {
  /** When the endpoint wrote the token. Monotonic nanoseconds, as all processes of the machine have them. */
  readonly writtenNs: number;
  /** When the question had come to the endpoint. */
  readonly comeNs: number;
}

const digits = (ns: number): string => String(Math.round(ns)).padStart(DIGITS, '0');

export const tokenStamp = ({ writtenNs, comeNs }: TokenStamp): string => `t${digits(writtenNs)}c${digits(comeNs)}e`;

/** Reads the stamps of one answer, whose bytes may be cut anywhere: call it with each piece. */
export function tokenStampReader(): (piece: string) => TokenStamp[] {
  let rest = '';
  return (piece) => {
    const text = rest + piece;
    const found = [...text.matchAll(STAMP)];
    const last = found.at(-1);
    rest = text.slice(Math.max(last === undefined ? 0 : last.index + STAMP_LENGTH, text.length - STAMP_LENGTH + 1));
    return found.map(([, written, come]) => ({ writtenNs: Number(written), comeNs: Number(come) }));
  };
}
