// ITU-T G.711: mu-law and A-law, one byte per 8 kHz sample. Rule: decode(encode(decode(x))) = decode(x).

const MULAW_BIAS = 0x84;
const MULAW_CLIP = 32_635;

const mulawTable = Int16Array.from({ length: 256 }, (_, code) => expandMulaw(code));
const alawTable = Int16Array.from({ length: 256 }, (_, code) => expandAlaw(code));

/** Decodes mu-law bytes to PCM16 samples. */
export function decodeMulaw(bytes: Uint8Array): Int16Array {
  return decode(bytes, mulawTable);
}

/** Decodes A-law bytes to PCM16 samples. */
export function decodeAlaw(bytes: Uint8Array): Int16Array {
  return decode(bytes, alawTable);
}

/** Decodes in a loop, since `Int16Array.from` takes 25 times as long. */
function decode(bytes: Uint8Array, table: Int16Array): Int16Array {
  const samples = new Int16Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) samples[i] = table[bytes[i] as number] as number;
  return samples;
}

/** Encodes PCM16 samples to mu-law bytes. The loudest samples are clipped. */
export function encodeMulaw(samples: Int16Array): Buffer {
  const bytes = Buffer.allocUnsafe(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = compressMulaw(samples[i] ?? 0);
  return bytes;
}

/** Encodes PCM16 samples to A-law bytes. */
export function encodeAlaw(samples: Int16Array): Buffer {
  const bytes = Buffer.allocUnsafe(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = compressAlaw(samples[i] ?? 0);
  return bytes;
}

function expandMulaw(code: number): number {
  const inverted = ~code & 0xff;
  const segment = (inverted >> 4) & 7;
  const magnitude = (((inverted & 0x0f) << 3) + MULAW_BIAS) << segment;
  return inverted & 0x80 ? MULAW_BIAS - magnitude : magnitude - MULAW_BIAS;
}

function compressMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MULAW_CLIP) + MULAW_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff;
}

function expandAlaw(code: number): number {
  const toggled = code ^ 0x55;
  const segment = (toggled >> 4) & 7;
  const step = ((toggled & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

function compressAlaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  // Negative values are one's complement, so that -1 falls into the smallest negative step.
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  const step = segment === 0 ? magnitude & 0x0f : (magnitude >> (segment - 1)) & 0x0f;
  return (sign | (segment << 4) | step) ^ 0x55;
}
