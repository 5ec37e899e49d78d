// Decodes a message that may be JSON, in every encoding that a JSON parser may detect.

/**
 * Decodes UTF-8, and UTF-16 or UTF-32 when a byte order mark or the zero bytes around the first two characters show them
 * (RFC 4627, section 3, which some parsers still follow; the first two characters of an object are ASCII). Invalid bytes become
 * U+FFFD. A leading byte order mark is dropped.
 */
export function jsonText(data: Buffer): string {
  const text = decode(data);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Detects the encoding by the pattern of the first four bytes: `0` is a zero byte, `x` any other. */
function decode(data: Buffer): string {
  if (data.length < 4) return data.toString('utf8');
  const pattern = [...data.subarray(0, 4)].map((byte) => (byte === 0 ? '0' : 'x')).join('');
  const mark = data.readUInt16BE(0);
  if (pattern === '000x' || data.readUInt32BE(0) === 0xfeff) return utf32(data, 'BE');
  if (pattern === 'x000' || (mark === 0xfffe && pattern === 'xx00')) return utf32(data, 'LE');
  if (pattern === '0x0x' || mark === 0xfeff) return utf16be(data);
  if (pattern === 'x0x0' || mark === 0xfffe) return data.toString('utf16le');
  return data.toString('utf8');
}

function utf16be(data: Buffer): string {
  return Buffer.from(data.subarray(0, data.length & ~1))
    .swap16()
    .toString('utf16le');
}

function utf32(data: Buffer, order: 'BE' | 'LE'): string {
  const units = Buffer.alloc(data.length);
  let length = 0;
  for (let at = 0; at + 4 <= data.length; at += 4) {
    const code = order === 'BE' ? data.readUInt32BE(at) : data.readUInt32LE(at);
    if (code > 0xffff && code <= 0x10ffff) {
      length = units.writeUInt16LE(0xd7c0 + (code >> 10), length);
      length = units.writeUInt16LE(0xdc00 + (code & 0x3ff), length);
    } else {
      length = units.writeUInt16LE(code > 0xffff ? 0xfffd : code, length);
    }
  }
  return units.toString('utf16le', 0, length);
}
