// The runs that a process has in memory: those under way, and those that ended, for as long and as far as there is room. What is still read of
// one that has left counts, too.

import { EventEmitter, once } from 'node:events';
import type { SideConfig } from '../../config/side-schema.ts';
import type { LiveRun } from './live-run.ts';

/** Part of the room that is taken after some was made. */
const ENOUGH = 7 / 8;

export class RunMemory {
  readonly #limits: () => SideConfig['runs'];
  /** The runs stand in the order in which they began. */
  readonly #runs = new Map<string, LiveRun>();
  /** Those that are found no more, and still read. */
  readonly #read = new Set<LiveRun>();
  /** Bytes of each of them. */
  readonly #held = new Map<LiveRun, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #ends = new EventEmitter();
  #bytes = 0;

  constructor(limits: () => SideConfig['runs']) {
    this.#limits = limits;
  }

  /** Bytes of all, those included that are only read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Those that are found. */
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
    this.#held.set(run, 0);
    this.grown(run);
  }

  /** Counts a run whose log has changed, or its readers. */
  grown(run: LiveRun): void {
    if (this.#read.has(run) && run.readers === 0) this.#drop(run);
    const before = this.#held.get(run);
    if (before === undefined) return;
    this.#held.set(run, run.heldBytes);
    this.#bytes += run.heldBytes - before;
    if (run.heldBytes > before) this.#makeRoom(run);
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

  /** It is found no more. Those who read it go on. */
  forget(run: LiveRun): void {
    clearTimeout(this.#timers.get(run.id));
    this.#timers.delete(run.id);
    if (!this.#runs.delete(run.id)) return;
    if (run.readers > 0) this.#read.add(run);
    else this.#drop(run);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #drop(run: LiveRun): void {
    this.#bytes -= this.#held.get(run) ?? 0;
    this.#held.delete(run);
    this.#read.delete(run);
  }

  /**
   * Logs that have ended go first, since they are in the store; then what slow readers have not read; then the longest logs. The one that has just
   * grown is the last: nobody had the time to read what came.
   */
  #makeRoom(grown: LiveRun): void {
    const { totalBytes } = this.#limits();
    if (this.#bytes <= totalBytes) return;
    for (const run of this.all) if (run.isOver() && this.#bytes > totalBytes) this.forget(run);
    const isShorter = () => shorten(this.#read, grown) || shorten(this.#runs.values(), grown) || shorten([grown]);
    // Some room beyond that lets many events come before the next look at all runs.
    if (this.#bytes > totalBytes) while (this.#bytes > totalBytes * ENOUGH && isShorter());
  }
}

/** Makes the longest log shorter, but for one. False where there is none. */
function shorten(runs: Iterable<LiveRun>, spared?: LiveRun): boolean {
  let longest: LiveRun | undefined;
  for (const run of runs) if (run !== spared && run.logBytes > (longest?.logBytes ?? 0)) longest = run;
  if (longest === undefined) return false;
  const { logBytes } = longest;
  if (!longest.isCut) longest.cut();
  if (longest.logBytes > logBytes / 2) longest.cut(Math.floor(logBytes / 2));
  return true;
}
