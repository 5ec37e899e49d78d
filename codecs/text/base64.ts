// Base64 (RFC 4648, section 4), in which audio travels inside JSON.
// Rule: invalid text is refused, where Node's own decoder skips over it.

/** The bytes, or undefined when `text` is not padded standard base64. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  // Node skips unknown characters and stops at padding, which shows in the length. It also reads the URL alphabet.
  if (bytes.length !== (text.length / 4) * 3 - padding) return undefined;
  return text.includes('-') || text.includes('_') ? undefined : bytes;
}

/** The bytes of either alphabet, padded or not, as the JSON form of protobuf allows; undefined for anything else. */
export function decodeAnyBase64(text: string): Buffer | undefined {
  const digits = text.replace(/={1,2}$/, '');
  const bytes = Buffer.from(digits, 'base64');
  return digits.length % 4 === 1 || bytes.length !== Math.floor((digits.length * 3) / 4) ? undefined : bytes;
}

/** Floats of 4 bytes, little-endian, as OpenAI packs vectors. */
export function encodeFloats(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString('base64');
}

/** Padded standard base64. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
