// Changes a sample rate with a rational polyphase filter (Kaiser-windowed sinc), block by block.
// Rule: blocks of any length give the same samples as the whole signal at once.

/** Zero crossings of the filter for audio that people hear. */
const FINE_ZERO_CROSSINGS = 16;
/** Zero crossings of a shorter filter, for audio that a detector reads. */
export const COARSE_ZERO_CROSSINGS = 8;
const KAISER_BETA = 8;
/** Share of the narrower band that is kept. The rest is the slope of the filter. */
const PASSBAND = 0.92;
/** Rates are multiples of this, which bounds the filter table. 44,100, 22,050 and 11,025 Hz are multiples. */
export const RATE_STEP_HZ = 25;

export interface StreamingResampler {
  /** The next samples at the new rate. The filter delays the signal by about half a millisecond. */
  process(samples: Int16Array): Int16Array;
}

/** Creates a resampler. @throws RangeError when a rate is not a positive multiple of {@link RATE_STEP_HZ}. */
export function createResampler(fromHz: number, toHz: number, zeroCrossings = FINE_ZERO_CROSSINGS): StreamingResampler {
  for (const rate of [fromHz, toHz]) {
    if (!(rate > 0) || rate % RATE_STEP_HZ !== 0) throw new RangeError(`cannot resample a rate of ${rate} Hz`);
  }
  if (fromHz === toHz) return { process: (samples) => samples };
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const [up, down] = [toHz / divisor, fromHz / divisor];
  return polyphase(filtersFor(up, down, zeroCrossings), up, down);
}

export function resample(samples: Int16Array, fromHz: number, toHz: number): Int16Array {
  return createResampler(fromHz, toHz).process(samples);
}

function polyphase(filters: Filters, up: number, down: number): StreamingResampler {
  const { taps } = filters;
  const wholeStep = Math.floor(down / up);
  const phaseStep = down % up;
  let history = new Float64Array(taps - 1);
  let phase = 0;
  let skip = 0;
  return {
    process(samples) {
      const signal = new Float64Array(history.length + samples.length);
      signal.set(history);
      signal.set(samples, history.length);
      const output = new Int16Array(Math.max(0, Math.ceil(((samples.length - skip) * up - phase) / down)));
      let start = skip;
      for (let i = 0; i < output.length; i++) {
        output[i] = clamp(filterAt(filters, phase, signal, start));
        start += wholeStep;
        phase += phaseStep;
        if (phase >= up) {
          phase -= up;
          start += 1;
        }
      }
      skip = start - samples.length;
      history = signal.slice(samples.length);
      return output;
    },
  };
}

/** Computes four sums at a time, which the processor runs in parallel. A filter has a multiple of four taps. */
function filterAt({ taps, coefficients }: Filters, phase: number, signal: Float64Array, start: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const first = phase * taps;
  for (let i = 0; i < taps; i += 4) {
    a += (coefficients[first + i] as number) * (signal[start + i] as number);
    b += (coefficients[first + i + 1] as number) * (signal[start + i + 1] as number);
    c += (coefficients[first + i + 2] as number) * (signal[start + i + 2] as number);
    d += (coefficients[first + i + 3] as number) * (signal[start + i + 3] as number);
  }
  return a + b + c + d;
}

function clamp(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : Math.round(value);
}

/** The coefficients of one filter per fraction of an input sample, one after the other. */
interface Filters {
  readonly taps: number;
  readonly coefficients: Float64Array;
}

const tables = new Map<string, Filters>();
const MAX_TABLES = 16;

function filtersFor(up: number, down: number, zeroCrossings: number): Filters {
  const key = `${up}/${down}/${zeroCrossings}`;
  const known = tables.get(key);
  if (known) return known;
  const filters = designFilters(up, down, zeroCrossings);
  if (tables.size >= MAX_TABLES) tables.clear();
  tables.set(key, filters);
  return filters;
}

/** Designs the filters. Each has its taps in the order of the signal, and a gain of one. */
function designFilters(up: number, down: number, zeroCrossings: number): Filters {
  const stretch = Math.max(1, down / up);
  const taps = 4 * Math.ceil((zeroCrossings / 4) * stretch);
  const cutoff = PASSBAND / stretch;
  const coefficients = new Float64Array(up * taps);
  for (let phase = 0; phase < up; phase++) {
    const filter = Float64Array.from({ length: taps }, (_, tap) => {
      const distance = tap - (taps / 2 - 1) - phase / up;
      return sinc(distance * cutoff) * kaiser(distance / (taps / 2));
    });
    const gain = filter.reduce((sum, value) => sum + value, 0);
    coefficients.set(
      filter.map((value) => value / gain),
      phase * taps,
    );
  }
  return { taps, coefficients };
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
