// Converts and measures samples: 16-bit PCM, base64, floats, levels, peaks, chunks.

/** Length of the chunks that go upstream. */
export const chunkMs = 40;
/** Rate at which all dialects answer; audio of another rate is converted. */
export const playbackRateHz = 24_000;

/** Encodes samples as little-endian 16-bit PCM in base64. */
export function toBase64(samples: Int16Array): string {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** Decodes little-endian 16-bit PCM in base64. Drops an odd last byte. Throws on text that is not base64. */
export function fromBase64(base64: string): Int16Array {
  const binary = atob(base64);
  const samples = new Int16Array(binary.length >> 1);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = binary.charCodeAt(2 * i) | (binary.charCodeAt(2 * i + 1) << 8);
  }
  return samples;
}

/** Converts floats of -1 to 1, clamped, to 16 bits. */
export function toInt16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, (value) => Math.round(Math.max(-1, Math.min(1, value)) * 32_767));
}

/** Root mean square, 0 to 1. */
export function levelOf(samples: Int16Array): number {
  let sum = 0;
  for (const value of samples) sum += value * value;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length) / 32_768;
}

/** Largest magnitude of each block of `blockSamples`, 0 to 1; the last block may be short. */
export function peaksOf(samples: Int16Array, blockSamples: number): number[] {
  const peaks: number[] = [];
  for (let start = 0; start < samples.length; start += blockSamples) {
    let peak = 0;
    const end = Math.min(samples.length, start + blockSamples);
    for (let i = start; i < end; i++) peak = Math.max(peak, Math.abs(samples[i] ?? 0));
    peaks.push(peak / 32_768);
  }
  return peaks;
}

/** Collects samples into chunks of one size. */
export class Chunker {
  readonly #chunk: Int16Array;
  #filled = 0;

  constructor(chunkSamples: number) {
    this.#chunk = new Int16Array(chunkSamples);
  }

  /** Adds samples and returns the chunks that became complete. */
  push(samples: Int16Array): Int16Array[] {
    const full: Int16Array[] = [];
    let offset = 0;
    while (offset < samples.length) {
      const part = samples.subarray(offset, offset + this.#chunk.length - this.#filled);
      this.#chunk.set(part, this.#filled);
      this.#filled += part.length;
      offset += part.length;
      if (this.#filled === this.#chunk.length) {
        full.push(this.#chunk.slice());
        this.#filled = 0;
      }
    }
    return full;
  }
}
