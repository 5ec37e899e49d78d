// How long frames stayed, as counts in buckets of a sixteenth of an octave: 1.5 KiB for each direction of a session, and no call
// out of JavaScript for each frame (the histogram of perf_hooks takes 20 KiB).

/** Residence times of one direction in microseconds: receipt of a frame until its bytes left. */
export interface ResidenceSummary {
  readonly count: number;
  /** To 6 %. */
  readonly p50: number;
  readonly p99: number;
  /** Exact. */
  readonly max: number;
}

export interface ResidenceHistogram {
  /** So many frames stayed that long. */
  add(us: number, frames: number): void;
  summary(): ResidenceSummary;
}

/** A frame that stays longer counts as this long. */
const LONGEST_US = 60_000_000;
const STEPS = 16;

export function createResidenceHistogram(): ResidenceHistogram {
  // Made with the first frame: an idle session has none.
  let counts: Uint32Array | undefined;
  let total = 0;
  let max = 0;

  function percentile(share: number): number {
    let left = Math.ceil(total * share);
    const bucket = counts?.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return bucket === undefined ? 0 : lowestOf(bucket);
  }

  return {
    add(us, frames) {
      const bounded = Math.min(LONGEST_US, Math.max(1, Math.round(us)));
      const bucket = bucketOf(bounded);
      counts ??= new Uint32Array(bucketOf(LONGEST_US) + 1);
      counts[bucket] = (counts[bucket] as number) + frames;
      total += frames;
      if (bounded > max) max = bounded;
    },
    summary: () => (total === 0 ? NONE : { count: total, p50: percentile(0.5), p99: percentile(0.99), max }),
  };
}

const NONE: ResidenceSummary = { count: 0, p50: 0, p99: 0, max: 0 };

/** Up to twice the steps a bucket is one microsecond wide; from there each octave has as many buckets as there are steps. */
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
