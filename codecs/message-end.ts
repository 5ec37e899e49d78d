// Where the first message ends in bytes that arrive in chunks. Only lengths are looked at: whether the frames are sound is for who
// reads them.

import { CLOSE, headerLength, readHeader } from './frame-header.ts';

/** Called with one chunk after the other: the offset in the chunk behind which the first message is complete; undefined: not yet. */
export function firstMessageEnd(): (chunk: Buffer) => number | undefined {
  const header = Buffer.alloc(14);
  let headerHas = 0;
  let payloadLeft = 0;
  let isLast = false;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (payloadLeft === 0) {
        header[headerHas++] = chunk[at++] as number;
        if (headerHas < 2 || headerHas < headerLength(header[1] as number)) continue;
        const { opcode, isFinal, payloadBytes } = readHeader(header);
        headerHas = 0;
        payloadLeft = payloadBytes;
        isLast = isFinal && opcode < CLOSE;
      }
      const taken = Math.min(payloadLeft, chunk.length - at);
      payloadLeft -= taken;
      at += taken;
      if (payloadLeft === 0 && isLast) return at;
    }
    return undefined;
  };
}
