// Counts the frames of one direction, in a session or in a process. Repeats only add to plain numbers: of their residence a sample is measured.

/** Keeps residence times, in microseconds. */
interface Residence {
  add(us: number, frames: number): void;
}

export class Traffic {
  frames = 0;
  bytes = 0;
  readonly #residence: Residence;
  #unmeasured = 0;
  #newestUs = 0;

  constructor(residence: Residence) {
    this.#residence = residence;
  }

  /** Counts frames that have so many bytes in all. */
  count(frames: number, bytes: number): void {
    this.frames += frames;
    this.bytes += bytes;
  }

  /** Counts frames that stayed that long; the time stands for those before them which were not measured. */
  measured(us: number, frames: number): void {
    this.#residence.add(us, frames + this.#unmeasured);
    this.#unmeasured = 0;
    this.#newestUs = us;
  }

  /** Counts frames whose residence was not measured: the next time stands for theirs. */
  unmeasured(frames: number): void {
    this.#unmeasured += frames;
  }

  /** Lets the newest time stand for frames that were not measured. To be called before residence is read. */
  settle(): void {
    if (this.#unmeasured > 0) this.measured(this.#newestUs, 0);
  }
}
