// The runs that a process has in memory: those under way, and those that ended, for as long and as far as there is room.

import { EventEmitter, once } from 'node:events';
import type { SideConfig } from '../../config/side-schema.ts';
import type { LiveRun } from './live-run.ts';

export class RunMemory {
  readonly #limits: () => SideConfig['runs'];
  /** The runs stand in the order in which they began. */
  readonly #runs = new Map<string, LiveRun>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #ends = new EventEmitter();
  #bytes = 0;

  constructor(limits: () => SideConfig['runs']) {
    this.#limits = limits;
  }

  /** Bytes of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  get all(): readonly LiveRun[] {
    return [...this.#runs.values()];
  }

  get running(): readonly LiveRun[] {
    return this.all.filter((run) => !run.isOver());
  }

  get(id: string): LiveRun | undefined {
    return this.#runs.get(id);
  }

  add(run: LiveRun): void {
    this.#runs.set(run.id, run);
    this.grown(run.heldBytes);
  }

  /** Counts bytes that came to a log, or went. Makes room where they are too many: logs that have ended are in the store. */
  grown(bytes: number): void {
    this.#bytes += bytes;
    const { totalBytes } = this.#limits();
    if (bytes <= 0 || this.#bytes <= totalBytes) return;
    for (const run of this.all) if (run.isOver() && this.#bytes > totalBytes) this.forget(run);
    if (this.#bytes > totalBytes) this.#longest()?.cut();
  }

  #longest(): LiveRun | undefined {
    const whole = this.all.filter((run) => !run.isCut);
    return whole.sort((one, other) => other.heldBytes - one.heldBytes)[0];
  }

  /** Keeps a run that has ended for its time; one that nobody knows, or that nobody comes back to, is forgotten. */
  ended(run: LiveRun, isLasting: boolean): void {
    if (run.isAnnounced && isLasting)
      this.#timers.set(run.id, setTimeout(() => this.forget(run), this.#limits().keepMs).unref());
    else this.forget(run);
    this.#ends.emit('ended');
  }

  /** Resolves when no run is under way. */
  async whenIdle(): Promise<void> {
    while (this.running.length > 0) await once(this.#ends, 'ended');
  }

  forget({ id, heldBytes }: LiveRun): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (this.#runs.delete(id)) this.#bytes -= heldBytes;
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
