// Tells by its first bytes whether an answer is a stream of events or one JSON text, where its head does not say it.

import { LlmFailure } from '../../../../adapters/llm/index.ts';

type Take = (piece: Buffer) => void;

interface Readers {
  /** Make what takes the body, when it is known which it is. */
  readonly stream: () => Take;
  readonly whole: () => Take;
}

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** The text without the mark that it may begin with. */
export const withoutMark = (bytes: Buffer): Buffer =>
  bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;

/** Longest field name of an event is `event`; a comment begins with a colon. */
const EVENT_START = /^(?::|(?:data|event|id|retry)(?:[:\r\n]|$))/;
const UNDECIDED = /^(?:d|da|dat|e|ev|eve|even|i|r|re|ret|retr)?$/;

/**
 * Takes a body, and hands it on from its first byte when that is known. `isNamed`: its head calls it a stream. Throws an LlmFailure (`garbled`)
 * for a body that is neither.
 */
export function sniffed({ stream, whole }: Readers, isNamed = false): Take {
  let take: Take | undefined;
  let held: Buffer = Buffer.alloc(0);
  return (piece) => {
    if (take !== undefined) return take(piece);
    held = Buffer.concat([held, piece]);
    const start = withoutMark(held).subarray(0, 64).toString('latin1').trimStart();
    // Blanks, or half of a mark or of a field's name.
    if (held.length < BYTE_ORDER_MARK.length || (UNDECIDED.test(start) && held.length < 64)) return;
    take = /^[{[]/.test(start) ? whole() : isNamed || EVENT_START.test(start) ? stream() : undefined;
    if (take === undefined) throw new LlmFailure('garbled', 'neither a stream nor JSON where a stream was asked for');
    take(held);
  };
}
