// The simulation of a day, second by second: callers come, stay, and come again where they were refused; machines drain, and a zone dies. The same
// seed gives the same day.

import { randomFrom } from '../../figures/statistics.ts';
import { Balancer } from './balancer.ts';
import { type Caller, dayCurve, nextTry, poisson, Waiting } from './callers.ts';
import { Fleet } from './fleet.ts';
import type { ScaleModel } from './model.ts';
import { Outages, type Phase } from './outages.ts';
import { type FleetPlan, sentAt, sessionUs } from './plan.ts';

type RefusalReason = (typeof REASONS)[number];
export const REASONS = [
  ...['no machine', 'machine gone', 'maxSessions', 'memory', 'descriptors', 'ports', 'maxUpgrades', 'upgrade timeout'],
  ...['provider sessions', 'provider starts', 'outbox'],
] as const;

/** The most of one second, while nothing or something special happened. */
interface Peaks {
  sessions: number;
  starts: number;
  /** Part of the CPU of the busiest machine. */
  cpu: number;
  statements: number;
}

export interface DayOutcome {
  readonly machines: number;
  readonly arrivals: number;
  readonly ended: number;
  readonly gaveUp: number;
  readonly live: number;
  readonly waiting: number;
  /** Sessions that reached the cap of the provider. */
  readonly capped: number;
  /** Tries that were refused. A caller comes again. */
  readonly refused: Readonly<Record<RefusalReason, number>>;
  readonly cut: Readonly<Record<'deploy' | 'death', Recovery>>;
  readonly peaks: Readonly<Record<Phase, Peaks>>;
  readonly sessionHours: number;
  /** Live sessions every five minutes. */
  readonly series: readonly number[];
}

/** Sessions that were cut off, and how they came back. */
export interface Recovery {
  sessions: number;
  gaveUp: number;
  /** By the whole seconds until the caller had a session again. */
  readonly seconds: number[];
}

const NOTHING_YET: Peaks = { sessions: 0, starts: 0, cpu: 0, statements: 0 };
const SERIES_SECONDS = 300;

export function simulateDay(model: ScaleModel, plan: FleetPlan, seed: number): DayOutcome {
  const day = new Day(model, plan, seed);
  for (let second = 0; second < model.hours * 3600; second++) day.step(second);
  return day.outcome();
}

class Day {
  readonly #model: ScaleModel;
  readonly #plan: FleetPlan;
  readonly #random: () => number;
  readonly #fleet: Fleet;
  readonly #balancer: Balancer;
  readonly #outages: Outages;
  readonly #waiting = new Waiting();
  /** Upgrades in progress: those that wait for the CPU of a machine, with the second in which they came. */
  readonly #upgrades: { readonly caller: Caller; readonly since: number }[][];
  /** Starts that the CPU of each machine has room for in this second. */
  readonly #room: Float64Array;
  readonly #most: { readonly name: RefusalReason; readonly sessions: number };
  readonly #refused = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<RefusalReason, number>;
  readonly #cut = {
    deploy: { sessions: 0, gaveUp: 0, seconds: [] },
    death: { sessions: 0, gaveUp: 0, seconds: [] },
  } as {
    readonly deploy: Recovery;
    readonly death: Recovery;
  };
  readonly #peaks: Record<Phase, Peaks> = {
    usual: { ...NOTHING_YET },
    deploy: { ...NOTHING_YET },
    death: { ...NOTHING_YET },
  };
  readonly #series: number[] = [];
  #arrivals = 0;
  #ended = 0;
  #gaveUp = 0;
  #capped = 0;
  #live = 0;
  #starts = 0;
  /** Statements that the stores have not got round to. */
  #backlog = 0;
  #isOutboxFull = false;
  #sessionSeconds = 0;
  #now = 0;

  constructor(model: ScaleModel, plan: FleetPlan, seed: number) {
    this.#model = model;
    this.#plan = plan;
    this.#random = randomFrom(seed);
    this.#fleet = new Fleet(plan.machines, model.capSeconds);
    this.#balancer = new Balancer(model.balancer, this.#fleet.live, this.#random);
    this.#outages = new Outages(model, this.#fleet, {
      reach: (machine, isReachable) => this.#balancer.reach(machine, isReachable),
      cut: (machine, by) => this.#cutOff(machine, by),
    });
    this.#upgrades = Array.from({ length: plan.machines }, () => []);
    this.#room = new Float64Array(plan.machines);
    const { maxSessions, memory, descriptors, ports } = plan.limits;
    this.#most = Object.entries({ maxSessions, memory, descriptors, ports })
      .map(([name, sessions]) => ({ name: name as RefusalReason, sessions }))
      .reduce((least, one) => (one.sessions < least.sessions ? one : least));
  }

  step(now: number): void {
    this.#now = now;
    this.#starts = 0;
    const ended = this.#fleet.end(now);
    this.#ended += ended;
    this.#live -= ended;
    this.#outages.step(now);
    this.#makeRoom();
    this.#goOn();
    for (const caller of this.#waiting.take(now)) this.#try(caller);
    const { arrivals, lengths } = this.#plan;
    const come = poisson(arrivals * dayCurve(this.#model, now), this.#random);
    for (let left = come; left > 0; left--) {
      const seconds = lengths[Math.floor(this.#random() * lengths.length)] ?? 1;
      if (seconds === this.#model.capSeconds) this.#capped++;
      this.#try({ seconds, tries: 0, since: now });
    }
    this.#arrivals += come;
    this.#account(ended);
  }

  outcome(): DayOutcome {
    const { machines } = this.#fleet;
    const upgrades = this.#upgrades.reduce((sum, waiting) => sum + waiting.length, 0);
    return {
      ...{ machines, arrivals: this.#arrivals, ended: this.#ended, gaveUp: this.#gaveUp },
      ...{ live: this.#fleet.sessions, waiting: this.#waiting.count + upgrades, capped: this.#capped },
      ...{ refused: this.#refused, cut: this.#cut, peaks: this.#peaks, series: this.#series },
      sessionHours: this.#sessionSeconds / 3600,
    };
  }

  /** Gives each machine the starts that its frames leave room for. One that began too many in the last second pays for them now. */
  #makeRoom(): void {
    const { cores, startUs } = this.#model;
    const us = sessionUs(this.#model);
    for (let machine = 0; machine < this.#room.length; machine++) {
      const free = Math.max(0, cores * 1e6 - (this.#fleet.live[machine] ?? 0) * us) / startUs;
      this.#room[machine] = free + Math.min(0, this.#room[machine] ?? 0);
    }
  }

  /** Goes on with upgrades that waited for CPU. */
  #goOn(): void {
    const { upgradeSeconds } = this.#model;
    for (const [machine, waiting] of this.#upgrades.entries()) {
      let done = 0;
      for (const { caller, since } of waiting) {
        if (this.#now - since > upgradeSeconds) this.#refuse(caller, 'upgrade timeout');
        else if ((this.#room[machine] ?? 0) > 0) this.#open(caller, machine);
        else break;
        done++;
      }
      if (done > 0) waiting.splice(0, done);
    }
  }

  #try(caller: Caller): void {
    const machine = this.#balancer.next();
    const reason = this.#reasonAgainst(machine);
    if (machine === undefined || reason !== undefined) this.#refuse(caller, reason ?? 'no machine');
    else if ((this.#room[machine] ?? 0) > 0) this.#open(caller, machine);
    else this.#upgrades[machine]?.push({ caller, since: this.#now });
  }

  #reasonAgainst(machine: number | undefined): RefusalReason | undefined {
    if (machine === undefined) return 'no machine';
    const { live, states } = this.#fleet;
    const { providerSessions, providerStarts, maxUpgrades, cores } = this.#model;
    if (states[machine] !== 'up') return 'machine gone';
    const upgrades = this.#upgrades[machine]?.length ?? 0;
    if ((live[machine] ?? 0) + upgrades + 1 > this.#most.sessions) return this.#most.name;
    if (upgrades + 1 > maxUpgrades * cores) return 'maxUpgrades';
    if (this.#isOutboxFull) return 'outbox';
    if (this.#live + 1 > (providerSessions ?? Number.POSITIVE_INFINITY)) return 'provider sessions';
    if (this.#starts + 1 > (providerStarts ?? Number.POSITIVE_INFINITY)) return 'provider starts';
    return undefined;
  }

  #open({ seconds, since, lostBy }: Caller, machine: number): void {
    this.#fleet.open(machine, this.#now, seconds);
    this.#room[machine] = (this.#room[machine] ?? 0) - 1;
    this.#live++;
    this.#starts++;
    if (lostBy === undefined) return;
    const { seconds: taken } = this.#cut[lostBy];
    taken[this.#now - since] = (taken[this.#now - since] ?? 0) + 1;
  }

  #refuse(caller: Caller, reason: RefusalReason): void {
    this.#refused[reason]++;
    this.#comeAgain(caller);
  }

  #comeAgain(caller: Caller): void {
    const pause = nextTry(caller, this.#now, this.#random);
    if (pause !== undefined) {
      this.#waiting.add({ ...caller, tries: caller.tries + 1 }, this.#now + pause);
      return;
    }
    this.#gaveUp++;
    if (caller.lostBy !== undefined) this.#cut[caller.lostBy].gaveUp++;
  }

  /** Ends what a machine carries. A close is heard at once, silence after a while. */
  #cutOff(machine: number, lostBy: 'deploy' | 'death'): void {
    const since = this.#now;
    const cut = this.#fleet.clear(machine, since);
    this.#live -= cut.length;
    this.#cut[lostBy].sessions += cut.length;
    for (const seconds of cut) {
      const caller: Caller = { seconds, tries: 0, since, lostBy };
      if (lostBy === 'deploy') this.#comeAgain(caller);
      else this.#waiting.add(caller, since + 1 + Math.floor(this.#random() * this.#model.clientNoticeSeconds));
    }
    for (const { caller } of this.#upgrades[machine]?.splice(0) ?? []) this.#comeAgain(caller);
  }

  #account(ended: number): void {
    const { cores, startUs, storeStatements, outboxItems } = this.#model;
    const { machines } = this.#fleet;
    const statements = sentAt(this.#model, { machines, sessions: this.#live, started: this.#starts, ended });
    this.#backlog = Math.max(0, this.#backlog + statements - this.#plan.stores * storeStatements);
    // Each event that waits is one statement at least.
    this.#isOutboxFull = this.#backlog > machines * cores * outboxItems;
    const peak = this.#peaks[this.#outages.phase(this.#now)];
    for (let machine = 0; machine < machines; machine++) {
      const free = Math.max(0, this.#room[machine] ?? 0) * startUs;
      if ((this.#fleet.live[machine] ?? 0) > 0) peak.cpu = Math.max(peak.cpu, 1 - free / (cores * 1e6));
    }
    peak.sessions = Math.max(peak.sessions, this.#live);
    peak.starts = Math.max(peak.starts, this.#starts);
    peak.statements = Math.max(peak.statements, statements);
    this.#sessionSeconds += this.#live;
    if (this.#now % SERIES_SECONDS === 0) this.#series.push(this.#live);
  }
}
