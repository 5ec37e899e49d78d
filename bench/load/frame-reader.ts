// Reads WebSocket frames from chunks and keeps only the first bytes of each message: as cheap as a receiver can be.

import { type FrameHeader, headerLength, readHeader } from '../../codecs/websocket/frame-header.ts';
import { unmask } from '../../codecs/websocket/mask.ts';
import { HEAD_BYTES } from './wire.ts';

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
  let left = 0;
  let frame: FrameHeader | undefined;

  function end({ opcode, payloadBytes, mask }: FrameHeader): void {
    const plain = mask === 0 ? head.subarray(0, headHas) : unmask(head, { from: 0, to: headHas, mask, read: 0 }, 0);
    headerHas = headHas = 0;
    frame = undefined;
    onFrame({ opcode, bytes: payloadBytes, head: plain });
  }

  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (frame === undefined) {
        header[headerHas++] = chunk[at++] as number;
        if (headerHas < 2 || headerHas < headerLength(header[1] as number)) continue;
        frame = readHeader(header);
        left = frame.payloadBytes;
      } else {
        const taken = Math.min(left, chunk.length - at);
        if (headHas < HEAD_BYTES) headHas += chunk.copy(head, headHas, at, at + Math.min(taken, HEAD_BYTES - headHas));
        at += taken;
        left -= taken;
      }
      if (left === 0) end(frame);
    }
  };
}
