// The text of a message that may be JSON, in every encoding that a JSON parser may detect.

/**
 * UTF-8, or UTF-16 and UTF-32 told by their zero bytes or byte order mark (RFC 4627 section 3: some parsers still do).
 * Invalid bytes become U+FFFD, as lenient parsers do; a leading byte order mark is dropped.
 */
export function jsonText(data: Buffer): string {
  const text = decode(data);
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function decode(data: Buffer): string {
  const [a, b, c, d] = data;
  if (a === 0 && b === 0) return utf32(data, 'BE');
  if ((a === 0xff && b === 0xfe) || (a !== 0 && b === 0)) {
    return c === 0 && d === 0 ? utf32(data, 'LE') : data.toString('utf16le');
  }
  if ((a === 0xfe && b === 0xff) || (a === 0 && b !== undefined)) return utf16be(data);
  return data.toString('utf8');
}

function utf16be(data: Buffer): string {
  return Buffer.from(data.subarray(0, data.length & ~1))
    .swap16()
    .toString('utf16le');
}

function utf32(data: Buffer, order: 'BE' | 'LE'): string {
  const characters: string[] = [];
  for (let at = 0; at + 4 <= data.length; at += 4) {
    const code = order === 'BE' ? data.readUInt32BE(at) : data.readUInt32LE(at);
    characters.push(code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd');
  }
  return characters.join('');
}
