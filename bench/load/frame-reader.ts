// Reads WebSocket frames from chunks and keeps only the first bytes of each message: as cheap as a receiver can be.

import { HEAD_BYTES, masking } from './wire.ts';

export interface ReadFrame {
  readonly opcode: number;
  /** Size of the payload. */
  readonly bytes: number;
  /** The first bytes of the payload, unmasked; only valid during the call. */
  readonly head: Buffer;
}

/** Feed it chunks in order; it calls back once for each whole frame. Fragments count as frames of their own. */
export function createFrameReader(onFrame: (frame: ReadFrame) => void): (chunk: Buffer) => void {
  const header = Buffer.alloc(14);
  const head = Buffer.alloc(HEAD_BYTES);
  let headerHas = 0;
  let headHas = 0;
  let opcode = 0;
  let bytes = 0;
  let left = -1;
  let mask: Buffer | undefined;

  function begin(): void {
    const short = (header[1] as number) & 0x7f;
    opcode = (header[0] as number) & 0x0f;
    bytes = short < 126 ? short : short === 126 ? header.readUInt16BE(2) : header.readUIntBE(4, 6);
    mask = (header[1] as number) & 0x80 ? Buffer.from(header.subarray(headerHas - 4, headerHas)) : undefined;
    left = bytes;
    headHas = 0;
  }

  function end(): void {
    const seen = head.subarray(0, headHas);
    headerHas = 0;
    left = -1;
    onFrame({ opcode, bytes, head: mask ? masking(seen, mask) : seen });
  }

  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (left < 0) {
        header[headerHas++] = chunk[at++] as number;
        if (headerHas < 2 || headerHas < headerBytes(header[1] as number)) continue;
        begin();
      } else {
        const taken = Math.min(left, chunk.length - at);
        if (headHas < HEAD_BYTES) headHas += chunk.copy(head, headHas, at, at + Math.min(taken, HEAD_BYTES - headHas));
        at += taken;
        left -= taken;
      }
      if (left === 0) end();
    }
  };
}

function headerBytes(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
}
