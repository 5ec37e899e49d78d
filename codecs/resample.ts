// Change of sample rate by a rational polyphase filter (Kaiser-windowed sinc), block by block.
// Rule: blocks of any length give the same samples as the whole at once.

const ZERO_CROSSINGS = 16;
const KAISER_BETA = 8;
/** Share of the narrower band that is kept; the rest is the filter's slope. */
const PASSBAND = 0.92;
/** Bounds the filter table: 44,100, 22,050 and 11,025 Hz are multiples. */
export const RATE_STEP_HZ = 25;

/** A streaming change of sample rate of one signal. */
export interface Resampler {
  /** The next samples at the new rate. The filter delays the signal by about half a millisecond. */
  process(samples: Int16Array): Int16Array;
}

/** @throws RangeError when a rate is not a positive multiple of {@link RATE_STEP_HZ}. */
export function createResampler(fromHz: number, toHz: number): Resampler {
  for (const rate of [fromHz, toHz]) {
    if (!(rate > 0) || rate % RATE_STEP_HZ !== 0) throw new RangeError(`cannot resample a rate of ${rate} Hz`);
  }
  if (fromHz === toHz) return { process: (samples) => samples };
  const divisor = greatestCommonDivisor(fromHz, toHz);
  return polyphase(toHz / divisor, fromHz / divisor);
}

/** The whole of `samples` at another rate. */
export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  return createResampler(fromHz, toHz).process(samples);
}

function polyphase(up: number, down: number): Resampler {
  const phases = filterPhases(up, down);
  const taps = phases[0]?.length ?? 0;
  let history = new Float32Array(taps - 1);
  let phase = 0;
  let skip = 0;
  return {
    process(samples) {
      const signal = new Float32Array(history.length + samples.length);
      signal.set(history);
      signal.set(samples, history.length);
      const output = new Int16Array(Math.max(0, Math.ceil(((samples.length - skip) * up - phase) / down)));
      let start = skip;
      for (let i = 0; i < output.length; i++) {
        output[i] = clamp(dot(phases[phase] as Float32Array, signal, start));
        phase += down;
        start += Math.floor(phase / up);
        phase %= up;
      }
      skip = start - samples.length;
      history = signal.slice(samples.length);
      return output;
    },
  };
}

function dot(filter: Float32Array, signal: Float32Array, start: number): number {
  let sum = 0;
  for (let i = 0; i < filter.length; i++) sum += (filter[i] as number) * (signal[start + i] as number);
  return sum;
}

function clamp(value: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(value)));
}

const tables = new Map<string, readonly Float32Array[]>();
const MAX_TABLES = 16;

function filterPhases(up: number, down: number): readonly Float32Array[] {
  const key = `${up}/${down}`;
  const known = tables.get(key);
  if (known) return known;
  const made = designPhases(up, down);
  if (tables.size >= MAX_TABLES) tables.clear();
  tables.set(key, made);
  return made;
}

/** One filter per fraction of an input sample, each in the order of the signal and with a gain of one. */
function designPhases(up: number, down: number): readonly Float32Array[] {
  const stretch = Math.max(1, down / up);
  const taps = 2 * Math.ceil((ZERO_CROSSINGS / 2) * stretch);
  const cutoff = PASSBAND / stretch;
  return Array.from({ length: up }, (_, phase) => {
    const filter = Float32Array.from({ length: taps }, (_, tap) => {
      const distance = tap - (taps / 2 - 1) - phase / up;
      return sinc(distance * cutoff) * kaiser(distance / (taps / 2));
    });
    const gain = filter.reduce((sum, value) => sum + value, 0);
    return filter.map((value) => value / gain);
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : bessel0(KAISER_BETA * Math.sqrt(1 - x * x)) / bessel0(KAISER_BETA);
}

/** Modified Bessel function of the first kind, order zero, by its series. */
function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-9; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
