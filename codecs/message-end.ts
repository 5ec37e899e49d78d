// Finds the end of the first message, or of the close frame, in bytes that arrive in chunks. Rule: only lengths are read; the
// frames are not validated.

import { CLOSE, type FrameHeader, headerLength, readHeader } from './frame-header.ts';

/** Reads the next chunk. Returns the offset in it at which the searched message ends; undefined while it has not ended. */
type FindEnd = (chunk: Buffer) => number | undefined;

export const findFirstMessageEnd = () => firstEnd(({ opcode, isFinal }) => isFinal && opcode < CLOSE);

export const findCloseEnd = () => firstEnd(({ opcode }) => opcode === CLOSE);

function firstEnd(isSearched: (header: FrameHeader) => boolean): FindEnd {
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
        isFound = isSearched(read);
      }
      const taken = Math.min(payloadLeft, chunk.length - at);
      payloadLeft -= taken;
      at += taken;
      if (payloadLeft === 0 && isFound) return at;
    }
    return undefined;
  };
}
