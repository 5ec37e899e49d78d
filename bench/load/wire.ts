// The frames of the load: messages of the real dialects that carry when they were meant to be sent, as digits in their
// audio, so that anything that forwards, parses or re-serialises them leaves the digits alone. Built once, then stamped.

import { randomBytes } from 'node:crypto';
import { encodeFrame } from '../../codecs/websocket/frame-encoder.ts';
import type { Load } from './load.ts';

/** Base64 text, as is what follows: one digit that says what the frame is for, and 19 of nanoseconds. */
const MARK = Buffer.from('TLbench+');
const STAMP_DIGITS = 20;
/** The stamp is looked for in the first bytes of a message. */
export const HEAD_BYTES = 512;

const DELTA_IDS =
  '"event_id":"event_Bench0000000000000001","response_id":"resp_Bench0000000000000001","item_id":"item_Bench0000000000000001","output_index":0,"content_index":0';
type TextFrame = Exclude<Load['frame'], 'sound'>;
const OPENINGS: Readonly<Record<TextFrame, string>> = {
  append: '{"type":"input_audio_buffer.append","audio":"',
  delta: `{"type":"response.output_audio.delta",${DELTA_IDS},"delta":"`,
  text: `{"type":"response.output_text.delta",${DELTA_IDS},"delta":"`,
  ask: '{"type":"response.create","response":{"output_modalities":["text"],"metadata":{"question":"',
};
const ENDS: Readonly<Record<TextFrame, string>> = { append: '"}', delta: '"}', text: '"}', ask: '"}}}' };

export interface Stamp {
  readonly intendedNs: number;
  readonly isMeasured: boolean;
  /** The provider answers with a delta that has the same stamp, without this wish. */
  readonly wantsEcho?: boolean;
  /** True for a token of a streamed answer: the intended time is that of the question. */
  readonly isToken?: boolean;
}

/** A whole WebSocket frame, ready but for its stamp. */
export interface Template {
  readonly bytes: Buffer;
  readonly stampAt: number;
  /** Size of the message, without the frame's header. */
  readonly messageBytes: number;
  readonly mask: Buffer | undefined;
}

/** The size is met to the base64 group (4 bytes), and is never less than the stamp needs. */
export function createTemplate(frame: Load['frame'], frameBytes: number, isMasked = false): Template {
  if (frame === 'sound') return soundTemplate(frameBytes, isMasked);
  const [opening, end] = [OPENINGS[frame], ENDS[frame]];
  const room = frameBytes - opening.length - end.length - MARK.length - STAMP_DIGITS;
  const audio = randomBytes(Math.max(0, Math.floor(room / 4)) * 3).toString('base64');
  const message = Buffer.from(`${opening}${MARK}${'0'.repeat(STAMP_DIGITS)}${audio}${end}`);
  return templateOf('text', { message, stampAt: opening.length + MARK.length, isMasked });
}

/** Four characters of base64 are three bytes. */
function soundTemplate(frameBytes: number, isMasked: boolean): Template {
  const rest = Math.floor((frameBytes * 3) / 4) - MARK.length - STAMP_DIGITS;
  const message = Buffer.concat([MARK, Buffer.from('0'.repeat(STAMP_DIGITS)), randomBytes(Math.max(0, rest))]);
  return templateOf('binary', { message, stampAt: MARK.length, isMasked });
}

interface Stampable {
  readonly message: Buffer;
  readonly stampAt: number;
  readonly isMasked: boolean;
}

function templateOf(opcode: 'text' | 'binary', { message, stampAt, isMasked }: Stampable): Template {
  const bytes = encodeFrame(opcode, message, isMasked);
  const headerBytes = bytes.length - message.length;
  return {
    bytes,
    stampAt: headerBytes + stampAt,
    messageBytes: message.length,
    mask: isMasked ? bytes.subarray(headerBytes - 4, headerBytes) : undefined,
  };
}

/** A copy of the template's frame with its intended time, which the kernel may read after the next one is made. */
export function stamped(
  { bytes, stampAt, messageBytes, mask }: Template,
  { intendedNs, isMeasured, wantsEcho = false, isToken = false }: Stamp,
): Buffer {
  const frame = Buffer.from(bytes);
  const headerBytes = bytes.length - messageBytes;
  const purpose = (isMeasured ? 1 : 0) + (wantsEcho ? 2 : 0) + (isToken ? 4 : 0);
  const digits = purpose + String(Math.round(intendedNs)).padStart(STAMP_DIGITS - 1, '0');
  for (let index = 0; index < STAMP_DIGITS; index += 1) {
    const at = stampAt + index;
    frame[at] = digits.charCodeAt(index) ^ (mask?.[(at - headerBytes) & 3] ?? 0);
  }
  return frame;
}

/** Reads the stamp in the first bytes of a message, unmasked. */
export function readStamp(head: Buffer): Stamp | undefined {
  const at = head.indexOf(MARK);
  if (at < 0 || at + MARK.length + STAMP_DIGITS > head.length) return undefined;
  const digits = head.toString('latin1', at + MARK.length, at + MARK.length + STAMP_DIGITS);
  const purpose = Number(digits[0]);
  return {
    isMeasured: (purpose & 1) > 0,
    wantsEcho: (purpose & 2) > 0,
    isToken: (purpose & 4) > 0,
    intendedNs: Number(digits.slice(1)),
  };
}

/** Monotonic nanoseconds, the same clock in every process of the machine. Exact for 104 days after boot. */
export const nowNs = (): number => Number(process.hrtime.bigint());
