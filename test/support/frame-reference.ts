// A reference for the reader of frames: computes its results slowly, from all bytes at once.
// Rule: it shares no code with the reader, and knows of chunks only where they end.

import { isUtf8 } from 'node:buffer';

export interface ReferenceOptions {
  readonly isMasked: boolean;
  readonly maxPayloadBytes: number;
  readonly maxFragments: number;
  /** The gate: returns true to refuse a message. */
  readonly refuses?: ((data: Buffer) => boolean) | undefined;
  /** Number of bytes after which the reader is muted. */
  readonly mutedAt?: number | undefined;
}

interface SeenMessage {
  readonly opcode: number;
  /** Offset at which its first header is complete. */
  readonly begun: number;
  /** Offset of its end; Infinity until it is complete and valid. */
  end: number;
  data: Buffer;
  fragments: number;
}

interface SeenFrame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly isMasked: boolean;
  readonly start: number;
  readonly payloadStart: number;
  readonly end: number;
  readonly payload: Buffer;
  /** All bytes of the frame. */
  readonly bytes: Buffer;
}

interface DataFrame extends SeenFrame {
  readonly message: SeenMessage;
}

interface SeenEnd {
  readonly text: string;
  /** Start of the frame that ends the reading, and the offset at which that is known. */
  readonly start: number;
  readonly knownAt: number;
}

/** The results by the end of a read. */
export interface Step {
  readonly passed: number;
  readonly messages: number;
  readonly controls: number;
  readonly isBetweenFrames: boolean;
  readonly isBetweenMessages: boolean;
  readonly end: string | undefined;
}

export class FrameReference {
  readonly #options: ReferenceOptions;
  readonly #data: DataFrame[] = [];
  readonly #controls: SeenFrame[] = [];
  #end: SeenEnd | undefined;

  constructor(wire: Buffer, options: ReferenceOptions) {
    this.#options = options;
    let open: SeenMessage | undefined;
    for (let start = 0; start < wire.length && this.#end === undefined; ) {
      const frame = frameAt(wire, start);
      if (isProtocolError(frame, wire, open !== undefined, options.isMasked)) {
        this.#end = { text: 'broken 1002', start, knownAt: start + 2 };
      } else if (frame.opcode >= 8) this.#seeControl(frame);
      else {
        open ??= {
          opcode: frame.opcode,
          begun: frame.payloadStart,
          end: Infinity,
          data: Buffer.alloc(0),
          fragments: 0,
        };
        this.#seeData({ ...frame, message: open });
        if (frame.isFinal) open = undefined;
      }
      start = frame.end;
    }
  }

  /** The bytes that pass, frame by frame. The end of the reading may cut them short. */
  get passing(): Buffer[] {
    return this.#passingFrames().map(({ bytes }) => bytes);
  }

  get messages(): { data: Buffer; binary: boolean }[] {
    const whole = this.#passingFrames().filter(({ isFinal, message }) => isFinal && message.end < Infinity);
    return whole.map(({ message }) => ({ data: message.data, binary: message.opcode === 2 }));
  }

  get controls(): { name: string; payload: Buffer }[] {
    return this.#controls.map(({ opcode, payload }) => ({ name: opcode === 9 ? 'ping' : 'pong', payload }));
  }

  /** The results after a read of the bytes from `before` to `now`. */
  after(before: number, now: number): Step {
    const end = this.#end !== undefined && this.#end.knownAt <= now ? this.#end : undefined;
    const until = end === undefined ? now : Math.max(before, end.start);
    const frames = this.#passingFrames();
    const isGated = this.#options.refuses !== undefined;
    const begun = frames.filter(({ payloadStart, message }) => (isGated ? message.end : payloadStart) <= until);
    const last = begun.at(-1);
    const isBetweenFrames = last === undefined || last.end <= until;
    return {
      passed: begun.reduce((sum, frame) => sum + Math.min(until, frame.end) - frame.start, 0),
      messages: frames.filter(({ isFinal, message }) => isFinal && message.end <= until).length,
      controls: this.#controls.filter((frame) => frame.end <= until).length,
      isBetweenFrames,
      isBetweenMessages: last === undefined || (last.isFinal && isBetweenFrames),
      end: end?.text,
    };
  }

  #passingFrames(): DataFrame[] {
    return this.#data.filter(({ message }) => this.#mayPass(message, message.end));
  }

  #mayPass({ begun }: SeenMessage, end: number): boolean {
    const { mutedAt, refuses } = this.#options;
    return mutedAt === undefined || (refuses === undefined ? begun : end) <= mutedAt;
  }

  #seeControl(frame: SeenFrame): void {
    const { opcode, payload, start, end } = frame;
    if (opcode === 8) this.#end = { text: `closed ${payload.toString('hex')}`, start, knownAt: end };
    else this.#controls.push(frame);
  }

  #seeData(frame: DataFrame): void {
    const { message, payload, start, payloadStart, end, isFinal } = frame;
    const { maxPayloadBytes, maxFragments, refuses, mutedAt } = this.#options;
    const before = message.data.length;
    message.fragments += 1;
    if (before + end - payloadStart > maxPayloadBytes) {
      this.#end = { text: 'broken 1009', start, knownAt: payloadStart };
    } else if (message.fragments > maxFragments) this.#end = { text: 'broken 1008', start, knownAt: payloadStart };
    if (this.#end !== undefined) return;
    this.#data.push(frame);
    message.data = Buffer.concat([message.data, payload]);
    const mayPass = this.#mayPass(message, isFinal ? end : Infinity);
    const bad =
      message.opcode === 1 ? firstBad(message.data, isFinal && payload.length === end - payloadStart) : undefined;
    const badAt = bad === undefined ? Infinity : payloadStart + bad - before;
    if (badAt <= (mayPass ? end : (mutedAt ?? end))) this.#end = { text: 'broken 1007', start, knownAt: badAt };
    else if (isFinal && mayPass && refuses?.(message.data)) this.#end = { text: 'refused', start, knownAt: end };
    else if (isFinal) message.end = end;
  }
}

function frameAt(wire: Buffer, start: number): SeenFrame {
  const [first = 0, second = 0] = wire.subarray(start);
  const short = second % 128;
  const isMasked = second >= 128;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const lengthDigits = wire.toString('hex', start + 2, start + 2 + lengthBytes);
  const length = lengthBytes === 0 ? short : Number(`0x${lengthDigits}`);
  const maskStart = start + 2 + lengthBytes;
  const payloadStart = maskStart + (isMasked ? 4 : 0);
  const end = payloadStart + length;
  const masked = wire.subarray(payloadStart, end);
  const payload = isMasked
    ? Buffer.from(masked.map((byte, index) => byte ^ (wire[maskStart + (index % 4)] ?? 0)))
    : masked;
  const bytes = wire.subarray(start, end);
  return { opcode: first % 16, isFinal: first >= 128, isMasked, start, payloadStart, end, payload, bytes };
}

function isProtocolError(frame: SeenFrame, wire: Buffer, isContinued: boolean, isMasked: boolean): boolean {
  const { opcode, isFinal, start, end, payloadStart } = frame;
  const hasReserved = Math.floor((wire[start] ?? 0) / 16) % 8 !== 0;
  if (hasReserved || frame.isMasked !== isMasked || ![0, 1, 2, 8, 9, 10].includes(opcode)) return true;
  return opcode >= 8 ? !isFinal || end - payloadStart > 125 : (opcode === 0) !== isContinued;
}

/** The length of the text that shows that it cannot be UTF-8; undefined when it can. */
function firstBad(text: Buffer, isWhole: boolean): number | undefined {
  if (isUtf8(text)) return undefined;
  if (canContinue(text)) return isWhole ? text.length : undefined;
  let length = 1;
  while (canContinue(text.subarray(0, length))) length += 1;
  return length;
}

function canContinue(text: Buffer): boolean {
  const ends = ['', '80', 'bf', '8080', 'bfbf', '808080', 'bfbfbf'].map((hex) => Buffer.from(hex, 'hex'));
  return ends.some((end) => isUtf8(Buffer.concat([text, end])));
}
