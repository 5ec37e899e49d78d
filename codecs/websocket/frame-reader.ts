// Reads WebSocket frames (RFC 6455, section 5) out of a byte stream, and returns the bytes that may pass on unchanged.
// Rule: nothing passes before its header is complete and checked, so the passed bytes always end within or after a valid frame.

import { isUtf8 } from 'node:buffer';
import { type Utf8Check, utf8Check } from '../text/utf8.ts';
import { emptyFrameBatch, type FrameBatch, type MutableFrameBatch } from './frame-batch.ts';
import {
  BINARY,
  CLOSE,
  headerFault,
  headerLength,
  type OpenFrame,
  PING,
  payloadLength,
  readHeader,
  TEXT,
} from './frame-header.ts';
import type { FrameLimits, Gate } from './frame-limits.ts';
import { HeldFrames } from './held-frames.ts';
import { unmask } from './mask.ts';
import { MessageBuffer } from './message-buffer.ts';

interface FrameReaderOptions extends FrameLimits {
  readonly gate?: Gate | undefined;
  /** Told by how many bytes the memory of the unfinished message has grown, or shrunk. */
  readonly onResize?: ((byBytes: number) => void) | undefined;
}

const EMPTY = Buffer.alloc(0);
const NO_BATCH = emptyFrameBatch();

export class FrameReader {
  /** True when the passed bytes end after a whole frame: a control frame may follow. */
  isBetweenFrames = true;
  /** True when the passed bytes end after a whole message: any frame may follow. */
  isBetweenMessages = true;
  /** Number of messages, and of control frames between them, that came in steps and have ended. */
  ended = 0;
  /** Number of payload bytes of messages that came in steps. */
  readBytes = 0;
  readonly options: FrameReaderOptions;
  readonly #header = Buffer.alloc(14);
  #headerHas = 0;
  #frame: OpenFrame | undefined;
  #control = EMPTY;
  /** Opcode of the open message; 0 between messages. */
  #opcode = 0;
  #fragments = 0;
  #messageBytes = 0;
  #reads = 0;
  #utf8: Utf8Check | undefined;
  /** Payload that has come of the open message, unmasked. */
  readonly #kept: MessageBuffer;
  /** Frames of the open message as they came, for the gate. */
  readonly #held: HeldFrames | undefined;
  #isMuted = false;
  #isDropping = false;
  /** The result of the read in progress. */
  #batch: MutableFrameBatch = NO_BATCH;
  #at = 0;
  #scratchUsed = 0;
  /** Bounds of the chunk's bytes that will pass as one run. */
  #runStart = 0;
  #runEnd = 0;
  /** Index, in the chunk, of a frame header that has not passed yet. */
  #headerStart: number | undefined;
  /** Number of that header's bytes from earlier reads. */
  #headerBefore = 0;

  constructor(options: FrameReaderOptions) {
    this.options = options;
    this.#kept = new MessageBuffer(options.onResize);
    this.#held = options.gate && new HeldFrames(options.onResize);
  }

  /** True while more has to come: of a header, of a frame, or of a message. */
  get isUnfinished(): boolean {
    return this.#frame !== undefined || this.#opcode !== 0 || this.#headerHas > 0;
  }

  /** The bytes of a header, or the frame, that it is within. */
  get begun() {
    return { header: this.#header.subarray(0, this.#headerHas), frame: this.#frame };
  }

  /** True when whole messages that are known to be sound may pass without being read. */
  get mayPassUnread(): boolean {
    return !this.isUnfinished && !this.#isMuted && this.#held === undefined && this.#batch.end === undefined;
  }

  /** Stops passing from the next message on. Control frames are still read. */
  mute(): void {
    this.#isMuted = true;
    if (this.#held !== undefined) this.drop();
  }

  /** Reads the rest of the open message without keeping or passing it. With a gate none of it has passed. */
  drop(): void {
    this.#isDropping = true;
    this.#kept.clear();
    this.#held?.clear();
  }

  /**
   * Reads a chunk, up to the end of so many frames. `at`: time of receipt in monotonic ms. The chunk may be reused after the call.
   * Nothing is read after an `end`.
   */
  read(chunk: Buffer, at: number, maxFrames = Number.POSITIVE_INFINITY): FrameBatch {
    const batch = emptyFrameBatch();
    if (this.#batch.end !== undefined) return batch;
    this.#batch = batch;
    this.#at = at;
    this.#scratchUsed = 0;
    this.#runStart = 0;
    this.#runEnd = 0;
    if (this.#opcode !== 0 || this.#headerHas > 0) this.#reads += 1;
    if (this.#reads > this.options.maxBufferedChunks) this.#break(1008);
    let offset = 0;
    while (offset < chunk.length && batch.end === undefined && batch.count < maxFrames) {
      const end = this.#readWhole(chunk, offset);
      if (end > 0) offset = end;
      else if (this.#frame === undefined) offset = this.#readHeader(chunk, offset);
      else offset = this.#readPayload(chunk, offset);
    }
    this.#endRun(chunk);
    if (offset < chunk.length) batch.rest = chunk.subarray(offset);
    if (batch.end === undefined) this.#batch = NO_BATCH;
    return batch;
  }

  /** Reads a message that is one frame inside of the chunk, as nearly all are. Returns its end; 0 when it has to be read in steps. */
  #readWhole(chunk: Buffer, from: number): number {
    if (this.#frame !== undefined || this.#opcode !== 0 || this.#headerHas > 0 || this.#isMuted) return 0;
    const first = chunk[from] as number;
    if ((first !== (0x80 | TEXT) && first !== (0x80 | BINARY)) || from + 2 > chunk.length) return 0;
    const { isMasked, maxPayloadBytes, gate } = this.options;
    const second = chunk[from + 1] as number;
    const start = from + headerLength(second);
    if (second >= 0x80 !== isMasked || start > chunk.length) return 0;
    const length = payloadLength(chunk, from);
    const end = start + length;
    if (end > chunk.length || length > maxPayloadBytes) return 0;
    const mask = isMasked ? chunk.readInt32LE(start - 4) : 0;
    const data = isMasked ? this.#unmask(chunk, start, end, mask, 0) : chunk.subarray(start, end);
    const binary = first === (0x80 | BINARY);
    if (!binary && !isUtf8(data)) return 0;
    const frame = { data, binary, at: this.#at };
    const refuse = gate?.(frame);
    if (refuse === undefined) {
      this.#batch.frames.push(frame);
      this.#extendRun(chunk, from, end);
    } else this.#batch.end = { name: 'refused', refuse };
    this.#batch.count += 1;
    return end;
  }

  #break(code: number): void {
    this.#batch.end = { name: 'broken', code };
  }

  /** Returns where the payload begins, or the end of the chunk when the header is incomplete. */
  #readHeader(chunk: Buffer, from: number): number {
    const header = this.#header;
    const before = this.#headerHas;
    let offset = from;
    while (offset < chunk.length) {
      header[this.#headerHas++] = chunk[offset++] as number;
      if (this.#headerHas < 2) continue;
      if (this.#headerHas === 2) {
        const code = headerFault(header[0] as number, header[1] as number, this.options.isMasked, this.#opcode !== 0);
        if (code !== undefined) {
          this.#break(code);
          return offset;
        }
      }
      if (this.#headerHas < headerLength(header[1] as number)) continue;
      this.#beginFrame();
      if (this.#frame === undefined) return offset;
      if (this.#frame.opcode < CLOSE && !this.#isDropping) {
        this.#headerStart = from;
        this.#headerBefore = before;
      }
      if (this.#frame.payloadBytes === 0 || offset === chunk.length) this.#readPayload(chunk, offset);
      return offset;
    }
    return offset;
  }

  #beginFrame(): void {
    const header = readHeader(this.#header);
    this.#headerHas = 0;
    if (header.opcode < CLOSE) {
      const code = this.#beginData(header.opcode, header.payloadBytes);
      if (code !== undefined) return void this.#break(code);
    } else this.#control = EMPTY;
    this.#frame = { ...header, read: 0 };
  }

  /** The close code for a message that is too large, or in too many parts. */
  #beginData(opcode: number, length: number): number | undefined {
    if (opcode !== 0) {
      this.#opcode = opcode;
      this.#fragments = 0;
      this.#messageBytes = 0;
      this.#reads = 1;
      this.#isDropping = this.#isMuted;
      this.#utf8 = opcode === TEXT ? utf8Check() : undefined;
    }
    this.#fragments += 1;
    this.#messageBytes += length;
    if (this.#messageBytes > this.options.maxPayloadBytes) return 1009;
    return this.#fragments > this.options.maxFragments ? 1008 : undefined;
  }

  #readPayload(chunk: Buffer, from: number): number {
    const frame = this.#frame as OpenFrame;
    const to = Math.min(chunk.length, from + frame.payloadBytes - frame.read);
    const isEnd = to - from === frame.payloadBytes - frame.read;
    if (frame.opcode >= CLOSE) this.#control = Buffer.concat([this.#control, this.#plain(frame, chunk, from, to)]);
    else this.#readData(frame, chunk, from, to);
    frame.read += to - from;
    if (isEnd && this.#batch.end === undefined) this.#endFrame(frame);
    return to;
  }

  #readData(frame: OpenFrame, chunk: Buffer, from: number, to: number): void {
    this.readBytes += to - from;
    if (this.#isDropping) return;
    const plain = this.#plain(frame, chunk, from, to);
    const missing = frame.payloadBytes - frame.read - plain.length;
    const isLast = frame.isFinal && missing === 0;
    const announced = frame.isFinal ? missing : undefined;
    if (this.#utf8?.(plain, isLast) === false) return void this.#break(1007);
    const headerBefore = this.#header.subarray(0, this.#headerBefore);
    if (this.#held === undefined) {
      if (headerBefore.length > 0) this.#batch.runs.push(Buffer.from(headerBefore));
      this.#extendRun(chunk, this.#headerStart ?? from, to);
      this.isBetweenFrames = missing === 0;
      this.isBetweenMessages = isLast;
      if (!isLast || this.#kept.length > 0) this.#kept.add(plain, announced);
    } else {
      if (this.#headerStart !== undefined)
        this.#held.begin([headerBefore, chunk.subarray(this.#headerStart, from)], frame);
      this.#held.add(chunk.subarray(from, to), announced);
    }
    this.#headerStart = undefined;
    this.#headerBefore = 0;
    if (isLast) this.#complete(chunk, plain);
  }

  #plain({ mask, read }: OpenFrame, chunk: Buffer, from: number, to: number): Buffer {
    return this.options.isMasked ? this.#unmask(chunk, from, to, mask, read) : chunk.subarray(from, to);
  }

  #unmask(chunk: Buffer, from: number, to: number, mask: number, read: number): Buffer {
    const plain = unmask(chunk, { from, to, mask, read }, this.#scratchUsed);
    this.#scratchUsed += (to - from + 3) & ~3;
    return plain;
  }

  /** Extends the run by bytes of the chunk. Adjacent bytes pass as one run. */
  #extendRun(chunk: Buffer, from: number, to: number): void {
    if (from !== this.#runEnd) {
      this.#endRun(chunk);
      this.#runStart = from;
    }
    this.#runEnd = to;
  }

  #endRun(chunk: Buffer): void {
    const isAll = this.#runStart === 0 && this.#runEnd === chunk.length;
    if (this.#runEnd > this.#runStart)
      this.#batch.runs.push(isAll ? chunk : chunk.subarray(this.#runStart, this.#runEnd));
    this.#runStart = this.#runEnd;
  }

  #complete(chunk: Buffer, last: Buffer): void {
    const [binary, at] = [this.#opcode !== TEXT, this.#at];
    const held = this.#held?.take();
    const frame = { data: held?.data ?? (this.#kept.length > 0 ? this.#kept.take() : last), binary, at };
    const refuse = this.options.gate?.(frame);
    if (refuse !== undefined) this.#batch.end = { name: 'refused', refuse };
    else this.#batch.frames.push(frame);
    if (refuse !== undefined || held === undefined) return;
    this.#endRun(chunk);
    this.#batch.runs.push(held.frames);
  }

  #endFrame({ opcode, isFinal }: OpenFrame): void {
    this.#frame = undefined;
    this.#batch.count += 1;
    if (opcode === CLOSE) this.#batch.end = { name: 'closed', payload: this.#control };
    else if (opcode > CLOSE) {
      this.#batch.controls.push({ name: opcode === PING ? 'ping' : 'pong', payload: this.#control });
    } else if (isFinal) this.#opcode = 0;
    if (this.#opcode !== 0) return;
    this.#reads = 0;
    this.ended += 1;
  }
}
