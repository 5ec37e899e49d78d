// Where the first message, or the close, ends in bytes that arrive in chunks. Only lengths are looked at: whether the frames are sound is for who
// reads them.

import { CLOSE, type FrameHeader, headerLength, readHeader } from './frame-header.ts';

/** Called with one chunk after the other: the offset in the chunk behind which what is looked for is complete; undefined: not yet. */
export type FindEnd = (chunk: Buffer) => number | undefined;

/** Of the first message. */
export const findFirstMessageEnd = () => firstEnd(({ opcode, isFinal }) => isFinal && opcode < CLOSE);

/** Of the close frame. */
export const findCloseEnd = () => firstEnd(({ opcode }) => opcode === CLOSE);

function firstEnd(isLookedFor: (header: FrameHeader) => boolean): FindEnd {
  const header = Buffer.alloc(14);
  let headerHas = 0;
  let payloadLeft = 0;
  let isFound = false;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (payloadLeft === 0) {
        header[headerHas++] = chunk[at++] as number;
        if (headerHas < 2 || headerHas < headerLength(header[1] as number)) continue;
        const read = readHeader(header);
        headerHas = 0;
        payloadLeft = read.payloadBytes;
        isFound = isLookedFor(read);
      }
      const taken = Math.min(payloadLeft, chunk.length - at);
      payloadLeft -= taken;
      at += taken;
      if (payloadLeft === 0 && isFound) return at;
    }
    return undefined;
  };
}
