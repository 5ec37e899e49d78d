// The header of a WebSocket frame (RFC 6455, section 5.2).

export const TEXT = 1;
export const BINARY = 2;
/** The first opcode of control frames. */
export const CLOSE = 8;
export const PING = 9;
const PONG = 10;
const MAX_CONTROL_BYTES = 125;

export interface FrameHeader {
  readonly opcode: number;
  readonly isFinal: boolean;
  /** The four bytes of the mask as a little-endian integer; 0 without one. */
  readonly mask: number;
  readonly payloadBytes: number;
}

/** A frame of which not all has come. */
export interface OpenFrame extends FrameHeader {
  /** Payload bytes read so far. */
  read: number;
}

/** The length of a header, by its second byte: 2 to 14 bytes. */
export function headerLength(second: number): number {
  const short = second & 0x7f;
  return 2 + (short === 126 ? 2 : short === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
}

/** The length of the payload, from the complete header that begins at `at`. */
export function payloadLength(bytes: Buffer, at: number): number {
  const short = (bytes[at + 1] as number) & 0x7f;
  if (short < 126) return short;
  return short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}

/** Reads the complete header at the start of these bytes. */
export function readHeader(bytes: Buffer): FrameHeader {
  const [first, second] = [bytes[0] as number, bytes[1] as number];
  return {
    opcode: first & 0x0f,
    isFinal: (first & 0x80) !== 0,
    mask: (second & 0x80) === 0 ? 0 : bytes.readInt32LE(headerLength(second) - 4),
    payloadBytes: payloadLength(bytes, 0),
  };
}

/** The close code for an invalid pair of first bytes; undefined when they are valid. `isContinued`: a fragmented message is open. */
export function headerFault(
  first: number,
  second: number,
  isMasked: boolean,
  isContinued: boolean,
): number | undefined {
  const opcode = first & 0x0f;
  const isFinal = (first & 0x80) !== 0;
  const hasMask = (second & 0x80) !== 0;
  if ((first & 0x70) !== 0 || hasMask !== isMasked) return 1002;
  if (opcode >= CLOSE) return opcode > PONG || !isFinal || (second & 0x7f) > MAX_CONTROL_BYTES ? 1002 : undefined;
  return opcode > BINARY || isContinued !== (opcode === 0) ? 1002 : undefined;
}
