// A streaming resampler for speech: a windowed sinc, cut off below half of the lower rate.
// Used where a device or a recording has another rate than the dialect.

const zeroCrossings = 12;

export class Resampler {
  readonly #step: number;
  readonly #cutoff: number;
  readonly #reach: number;
  /** Input that later output still needs; `#position` counts from its first sample. */
  #history: Float32Array;
  #position: number;

  constructor(fromHz: number, toHz: number) {
    this.#step = fromHz / toHz;
    this.#cutoff = Math.min(1, toHz / fromHz) * 0.95;
    this.#reach = Math.ceil(zeroCrossings / this.#cutoff);
    this.#history = new Float32Array(this.#reach);
    this.#position = this.#reach;
  }

  /** The output that is complete so far; about `12 / cutoff` input samples stay in the filter. */
  push(input: Float32Array): Float32Array {
    if (this.#step === 1) return input;
    const samples = new Float32Array(this.#history.length + input.length);
    samples.set(this.#history);
    samples.set(input, this.#history.length);
    const output: number[] = [];
    while (this.#position + this.#reach < samples.length) {
      output.push(this.#at(samples, this.#position));
      this.#position += this.#step;
    }
    const used = Math.max(0, Math.floor(this.#position) - this.#reach);
    this.#history = samples.slice(used);
    this.#position -= used;
    return Float32Array.from(output);
  }

  /** The tail, with silence after the last sample. */
  flush(): Float32Array {
    return this.push(new Float32Array(this.#reach + 1));
  }

  #at(samples: Float32Array, position: number): number {
    const first = Math.floor(position) - this.#reach + 1;
    let sum = 0;
    for (let i = first; i <= first + 2 * this.#reach - 1; i++) {
      sum += (samples[i] ?? 0) * this.#weight(position - i);
    }
    return sum;
  }

  #weight(distance: number): number {
    if (Math.abs(distance) >= this.#reach) return 0;
    const x = Math.PI * distance * this.#cutoff;
    const sinc = x === 0 ? 1 : Math.sin(x) / x;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / this.#reach);
    return this.#cutoff * sinc * window;
  }
}
