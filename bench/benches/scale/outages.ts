// The two things that happen to the machines of the simulation: a rolling deploy, and a zone that dies and comes back.

import type { Fleet } from './fleet.ts';
import type { ScaleModel } from './model.ts';

/** Effects of an outage on the callers and the balancer. */
interface OutageEnds {
  /** Gives the balancer a machine, or takes it away. */
  reach(machine: number, isReachable: boolean): void;
  /** Ends the sessions of a machine. */
  cut(machine: number, by: 'deploy' | 'death'): void;
}

/** Time of the day that a peak belongs to. */
export type Phase = 'usual' | 'deploy' | 'death';

/** Time after a zone is back until its machines carry their part again, seconds. */
const SETTLED = 600;

export class Outages {
  readonly #model: ScaleModel;
  readonly #fleet: Fleet;
  readonly #ends: OutageEnds;
  /** The machines that are deployed now, and the second in which their drain ends. */
  #wave: { readonly machines: readonly number[]; readonly until: number; isRestarting: boolean } | undefined;
  #next = 0;
  #isZoneGone = false;

  constructor(model: ScaleModel, fleet: Fleet, ends: OutageEnds) {
    this.#model = model;
    this.#fleet = fleet;
    this.#ends = ends;
  }

  phase(now: number): Phase {
    const { deathHour, deathMinutes } = this.#model;
    const diedAt = deathHour * 3600;
    if (now >= diedAt && now < diedAt + deathMinutes * 60 + SETTLED) return 'death';
    return this.#wave === undefined ? 'usual' : 'deploy';
  }

  step(now: number): void {
    const { deathHour, deathMinutes, deployHour, noticeSeconds } = this.#model;
    const diedAt = Math.round(deathHour * 3600);
    if (now === diedAt) this.#die();
    if (now === diedAt + noticeSeconds && this.#isZoneGone)
      for (const machine of this.#inZone()) this.#ends.reach(machine, false);
    if (now === diedAt + deathMinutes * 60) this.#comeBack();
    if (this.#wave !== undefined) this.#deployOn(now);
    else if (now >= deployHour * 3600 && this.#next < this.#fleet.machines) this.#drain(now);
  }

  #inZone(): number[] {
    const { zones } = this.#model;
    return Array.from({ length: this.#fleet.machines }, (_, machine) => machine).filter(
      (machine) => machine % zones === 0,
    );
  }

  #isGone = (machine: number): boolean => this.#isZoneGone && machine % this.#model.zones === 0;

  #die(): void {
    this.#isZoneGone = true;
    for (const machine of this.#inZone()) {
      this.#fleet.states[machine] = 'gone';
      this.#ends.cut(machine, 'death');
    }
  }

  #comeBack(): void {
    this.#isZoneGone = false;
    for (const machine of this.#inZone()) this.#start(machine);
  }

  /** Begins with the next machines of the deploy. They take nothing new. */
  #drain(now: number): void {
    const { deployShare, drainSeconds } = this.#model;
    const { machines: all } = this.#fleet;
    const count = Math.max(1, Math.floor(all * deployShare));
    const machines = Array.from({ length: Math.min(count, all - this.#next) }, (_, index) => this.#next + index);
    this.#next += machines.length;
    for (const machine of machines) {
      if (this.#isGone(machine)) continue;
      this.#fleet.states[machine] = 'draining';
      this.#ends.reach(machine, false);
    }
    this.#wave = { machines, until: now + drainSeconds, isRestarting: false };
  }

  /** Ends a drain when its time is over, and brings the machines back after their restart. */
  #deployOn(now: number): void {
    const wave = this.#wave;
    if (wave === undefined) return;
    if (!wave.isRestarting && now >= wave.until) {
      wave.isRestarting = true;
      for (const machine of wave.machines) {
        if (this.#isGone(machine)) continue;
        this.#fleet.states[machine] = 'gone';
        this.#ends.cut(machine, 'deploy');
      }
    }
    if (now < wave.until + this.#model.restartSeconds) return;
    for (const machine of wave.machines) if (!this.#isGone(machine)) this.#start(machine);
    this.#wave = undefined;
  }

  #start(machine: number): void {
    this.#fleet.states[machine] = 'up';
    this.#ends.reach(machine, true);
  }
}
