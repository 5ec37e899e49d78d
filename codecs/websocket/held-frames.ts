// Holds the frames of an unfinished message as they came, for a decision over the whole of it. The payload is unmasked only then, so that
// one copy is kept.

import type { FrameHeader } from './frame-header.ts';
import { unmaskWhole } from './mask.ts';
import { MessageBuffer } from './message-buffer.ts';

/** Where the payload of a frame is among the bytes that are held. */
interface HeldPayload {
  readonly from: number;
  readonly to: number;
  /** See `MaskedPiece`. */
  readonly mask: number;
}

export class HeldFrames {
  readonly #bytes: MessageBuffer;
  #payloads: HeldPayload[] = [];

  /** `onResize`: see `MessageBuffer`. */
  constructor(onResize?: (byBytes: number) => void) {
    this.#bytes = new MessageBuffer(onResize);
  }

  /** Begins a frame, with the pieces of its header as they came. */
  begin(header: readonly Buffer[], { payloadBytes, mask, isFinal }: Omit<FrameHeader, 'opcode'>): void {
    const announced = isFinal ? header.reduce((bytes, piece) => bytes + piece.length, payloadBytes) : undefined;
    for (const piece of header) this.#bytes.add(piece, announced);
    this.#payloads.push({ from: this.#bytes.length, to: this.#bytes.length + payloadBytes, mask });
  }

  /** Adds a copy of a piece of the payload. `announced`: see `MessageBuffer`. */
  add(piece: Buffer, announced?: number): void {
    this.#bytes.add(piece, announced);
  }

  /** Gives away the frames as they came, and the unmasked payload of their message. */
  take(): { readonly frames: Buffer; readonly data: Buffer } {
    const frames = this.#bytes.take();
    const plain = this.#payloads.map((payload) => unmaskWhole(frames, payload));
    this.#payloads = [];
    return { frames, data: plain.length === 1 ? (plain[0] as Buffer) : Buffer.concat(plain) };
  }

  clear(): void {
    this.#bytes.clear();
    this.#payloads = [];
  }
}
