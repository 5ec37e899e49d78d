// A histogram of the time that frames stay in the gateway, in buckets of a sixteenth of an octave: 1.5 KiB for each direction of a session,
// and no call out of JavaScript for each frame (the histogram of perf_hooks takes 20 KiB).

/** Residence times of one direction in microseconds: receipt of a frame until its bytes left. Those of repeats are sampled. */
export interface ResidenceSummary {
  readonly count: number;
  /** Percentiles are right to 6 %. */
  readonly p50: number;
  readonly p99: number;
  /** Exact. */
  readonly max: number;
}

/** A frame that stays longer counts as this long. */
const LONGEST_US = 60_000_000;
const STEPS = 16;

export class ResidenceHistogram {
  /** Made with the first frame: an idle session has none. */
  #counts: Uint32Array | undefined;
  #total = 0;
  #max = 0;

  add(us: number, frames: number): void {
    const bounded = Math.min(LONGEST_US, Math.max(1, Math.round(us)));
    const bucket = bucketOf(bounded);
    this.#counts ??= new Uint32Array(bucketOf(LONGEST_US) + 1);
    this.#counts[bucket] = (this.#counts[bucket] as number) + frames;
    this.#total += frames;
    if (bounded > this.#max) this.#max = bounded;
  }

  summary(): ResidenceSummary {
    return { count: this.#total, p50: this.#percentile(0.5), p99: this.#percentile(0.99), max: this.#max };
  }

  #percentile(share: number): number {
    let left = Math.ceil(this.#total * share);
    const bucket = this.#counts?.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return bucket === undefined ? 0 : lowestOf(bucket);
  }
}

/** Returns the bucket of a time. Buckets are one microsecond wide up to twice the steps; each octave after that has as many as there are steps. */
function bucketOf(us: number): number {
  if (us < 2 * STEPS) return us;
  const shift = 27 - Math.clz32(us);
  return shift * STEPS + (us >> shift);
}

function lowestOf(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - shift * STEPS) << shift;
}
