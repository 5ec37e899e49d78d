// Tests the simulated day on cases that can be worked out by hand, and by what must hold of every day.

import { describe, expect, test } from 'vitest';
import type { ScaleModel } from '../../../../bench/benches/scale/model.ts';
import { type DayOutcome, REASONS } from '../../../../bench/benches/scale/simulation.ts';
import { dayOf } from '../../support/scale-model.ts';

const near = (value: number, expected: number, percent: number) =>
  expect(Math.abs(value - expected) / expected).toBeLessThan(percent / 100);

const refusedIn = ({ refused }: DayOutcome): number => REASONS.reduce((sum, reason) => sum + refused[reason], 0);

/** A zone dies, machines are deployed, and there is too little of everything. */
const HARD: Partial<ScaleModel> = {
  ...{
    machines: 6,
    cores: 1,
    troughShare: 0.2,
    peakHour: 0.6,
    sigma: 1,
    capSeconds: 900,
    deathHour: 0.5,
    deathMinutes: 10,
  },
  ...{ deployHour: 0.75, deployShare: 0.4, drainSeconds: 60, balancer: 'least', stores: 1, storeStatements: 450 },
  ...{ outboxItems: 1000, providerStarts: 14, providerSessions: 1100, hours: 1.2 },
};

describe('a quiet day', () => {
  test('has as many sessions as arrive while one lasts, and that many hours of them', () => {
    const day = dayOf(1000);
    // Ten arrive in a second and stay for a hundred.
    near(day.arrivals, 36_000, 2);
    near(day.peaks.usual.sessions, 1000, 15);
    near(day.sessionHours, (1000 * (3600 - 50)) / 3600, 3);
    expect(day).toMatchObject({ gaveUp: 0, waiting: 0, capped: 0 });
    expect(refusedIn(day)).toBe(0);
    // A session takes 4 ms of CPU a second, and 1,000 of them fill the four cores of a machine.
    expect(day.machines).toBe(3);
    near(day.peaks.usual.cpu, 1 / 3, 25);
  });

  test('ends sessions at the cap', () => {
    const day = dayOf(1000, { capSeconds: 50 });
    expect(day.capped).toBe(day.arrivals);
    near(day.sessionHours, 1000, 5);
  });
});

describe('a machine that is full', () => {
  test('refuses, and callers who have tried for two minutes give up', () => {
    // One machine in each zone has place for 80 % of 500 sessions.
    const day = dayOf(3000, { cores: 2 });
    const most = day.machines * 400;
    const small = dayOf(3000, { cores: 2, machines: 3 });
    expect(day.peaks.usual.sessions).toBeLessThanOrEqual(most);
    expect(small.peaks.usual.sessions).toBeLessThanOrEqual(3 * 400);
    expect(small.refused.maxSessions).toBeGreaterThan(0);
    expect(small.gaveUp).toBeGreaterThan(0);
    expect(refusedIn(small)).toBe(small.refused.maxSessions);
  });

  test('lets upgrades wait for its CPU, and gives up those that waited too long', () => {
    // A start takes half a second of one core: six begin in a second on three machines, and ten come.
    const day = dayOf(1000, { startUs: 5e5, cores: 1, machines: 3, mostCpu: 1, hours: 0.2, maxUpgrades: 20 });
    expect(day.peaks.usual.starts).toBeLessThanOrEqual(9);
    expect(day.refused['upgrade timeout']).toBeGreaterThan(0);
    expect(day.refused.maxUpgrades).toBeGreaterThan(0);
  });
});

describe('what is shared', () => {
  test('is no more than the accounts at the provider allow', () => {
    const day = dayOf(1000, { providerSessions: 600 });
    expect(day.peaks.usual.sessions).toBe(600);
    expect(day.refused['provider sessions']).toBe(refusedIn(day));
    const slow = dayOf(1000, { providerStarts: 5 });
    expect(slow.peaks.usual.starts).toBe(5);
    expect(slow.refused['provider starts']).toBe(refusedIn(slow));
  });

  test('refuses when the outbox of all processes is full of what the store did not take', () => {
    const day = dayOf(1000, { stores: 1, storeStatements: 10, outboxItems: 1000 });
    expect(day.refused.outbox).toBe(refusedIn(day));
    expect(day.refused.outbox).toBeGreaterThan(0);
    expect(dayOf(1000, { stores: 1, storeStatements: 10_000, outboxItems: 1000 }).refused.outbox).toBe(0);
  });
});

describe('a zone that dies', () => {
  test('takes its third of the sessions, which come back once their clients have noticed', () => {
    const day = dayOf(3000, { deathHour: 0.5, clientNoticeSeconds: 20, noticeSeconds: 5 });
    near(day.cut.death.sessions, 1000, 10);
    expect(day.cut.death.gaveUp).toBe(0);
    // Those whose call would have been over come back as well, for the seconds that they had left.
    expect(day.cut.death.seconds.reduce((sum, count = 0) => sum + count, 0)).toBe(day.cut.death.sessions);
    expect(day.cut.death.seconds.length - 1).toBeLessThanOrEqual(20 + 15);
    // Until the balancer has noticed, a third of what comes is sent there: 30 arrivals a second, and callers who come back.
    expect(day.refused['machine gone']).toBe(refusedIn(day));
    expect(day.refused['machine gone']).toBeGreaterThan(5 * 8);
    expect(day.peaks.death.cpu).toBeGreaterThan(1.3 * day.peaks.usual.cpu);
  });

  test('leaves nobody to ask where it is the only one', () => {
    const day = dayOf(1000, { zones: 1, deathHour: 0.25, deathMinutes: 10 });
    expect(day.refused['no machine']).toBeGreaterThan(0);
    expect(day.gaveUp).toBeGreaterThan(0);
    expect(day.cut.death.gaveUp).toBeGreaterThan(0);
  });
});

describe('a rolling deploy', () => {
  test('cuts nobody off whose session is shorter than the drain', () => {
    const day = dayOf(3000, { deployHour: 0.2, drainSeconds: 120 });
    expect(day.cut.deploy.sessions).toBe(0);
    expect(refusedIn(day)).toBe(0);
  });

  test('cuts off what is left of longer ones, machine for machine', () => {
    const day = dayOf(3000, { deployHour: 0.2, drainSeconds: 50, machines: 30, deployShare: 0.01 });
    // Half of the sessions of each machine are less than 50 s old.
    near(day.cut.deploy.sessions, 3000 / 2, 15);
    expect(day.cut.deploy.seconds).toEqual([undefined, day.cut.deploy.sessions]);
  });
});

describe('every day', () => {
  test('ends with all who came: they are done, live, wait, or gave up', () => {
    for (const seed of [1, 2, 3]) {
      const { arrivals, ended, live, waiting, gaveUp, ...day } = dayOf(1500, HARD, seed);
      expect(ended + live + waiting + gaveUp).toBe(arrivals);
      for (const count of [ended, live, gaveUp, day.cut.death.sessions, day.cut.deploy.sessions])
        expect(count).toBeGreaterThan(0);
    }
  });

  test('is the same for the same seed, and another for another', () => {
    expect(dayOf(1000, HARD, 7)).toEqual(dayOf(1000, HARD, 7));
    expect(dayOf(1000, HARD, 7)).not.toEqual(dayOf(1000, HARD, 8));
  });

  test('refuses no more where there are more machines', () => {
    const bounded = { ...HARD, providerStarts: undefined, providerSessions: undefined, storeStatements: 1e6 };
    for (const seed of [1, 2]) {
      const refused = [3, 6, 9, 12, 18, 30].map((machines) => {
        const { refused: reasons } = dayOf(1500, { ...bounded, machines }, seed);
        return reasons.maxSessions + reasons['upgrade timeout'] + reasons.maxUpgrades;
      });
      expect(refused).toEqual(refused.toSorted((a, b) => b - a));
      expect(refused[0]).toBeGreaterThan(0);
      expect(refused.at(-1)).toBe(0);
    }
  });
});
