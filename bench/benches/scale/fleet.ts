// The machines of the simulation with the sessions that they carry, as numbers: how many end on which machine in which second.

/** State of a machine: a drain takes nothing new, one that is gone answers nobody. */
type MachineState = 'up' | 'draining' | 'gone';

export class Fleet {
  readonly machines: number;
  /** Sessions of each machine. */
  readonly live: Int32Array;
  readonly states: MachineState[];
  /** Sessions by the second in which they end, then by machine. The seconds are used again and again. */
  readonly #ends: Uint16Array;
  readonly #seconds: number;

  constructor(machines: number, mostSeconds: number) {
    this.machines = machines;
    this.live = new Int32Array(machines);
    this.states = new Array<MachineState>(machines).fill('up');
    this.#seconds = mostSeconds + 1;
    this.#ends = new Uint16Array(this.#seconds * machines);
  }

  get sessions(): number {
    return this.live.reduce((sum, live) => sum + live, 0);
  }

  /** Opens a session that ends in so many seconds, one at least. */
  open(machine: number, now: number, seconds: number): void {
    const at = ((now + seconds) % this.#seconds) * this.machines + machine;
    this.#ends[at] = (this.#ends[at] ?? 0) + 1;
    this.live[machine] = (this.live[machine] ?? 0) + 1;
  }

  /** Ends what ends in this second. Returns how many sessions. */
  end(now: number): number {
    const from = (now % this.#seconds) * this.machines;
    let ended = 0;
    for (let machine = 0; machine < this.machines; machine++) {
      const sessions = this.#ends[from + machine] ?? 0;
      if (sessions === 0) continue;
      this.#ends[from + machine] = 0;
      this.live[machine] = (this.live[machine] ?? 0) - sessions;
      ended += sessions;
    }
    return ended;
  }

  /** Takes all sessions from a machine. Returns the seconds that each had left. */
  clear(machine: number, now: number): number[] {
    const left: number[] = [];
    for (let seconds = 1; seconds < this.#seconds; seconds++) {
      const at = ((now + seconds) % this.#seconds) * this.machines + machine;
      for (let count = this.#ends[at] ?? 0; count > 0; count--) left.push(seconds);
      this.#ends[at] = 0;
    }
    this.live[machine] = 0;
    return left;
  }
}
