// Tests the plan of machines on numbers that can be worked out by hand.

import { expect, test } from 'vitest';
import { normalQuantile, planFleet, resourcesOf, sentAt, sessionUs } from '../../../../bench/benches/scale/plan.ts';
import { STATEMENTS } from '../../../../bench/benches/scale/statements.ts';
import { roundModel } from '../../support/scale-model.ts';

test('a session costs its frames both ways', () => {
  // 25 frames a second up and 15 down, each 50 us, and twice that with TLS.
  expect(sessionUs(roundModel())).toBe(40 * 50 * 2);
});

test('machines are as many as the target of CPU asks for, the same in every zone', () => {
  const model = roundModel();
  const plan = planFleet(model, 10_000);
  expect(plan.meanSeconds).toBe(100);
  expect(plan.arrivals).toBe(100);
  // Four cores, 4,000 us a session and a start of 4,000 us in a hundred seconds; memory of 8 GiB less 500 MiB; two sockets a session.
  expect(plan.limits).toEqual({ cpu: 990, memory: 246_144, descriptors: 1_048_576, ports: 28_232, maxSessions: 792 });
  expect(plan.machines).toBe(21);
  expect(10_000 / 495).toBeLessThan(21);
  expect(planFleet(roundModel({ machines: 4 }), 10_000).machines).toBe(6);
  expect(planFleet(roundModel({ memoryGib: 0.5 }), 10_000).machines).toBe(54);
});

test('stores are as many as are half full, by statements or by connections', () => {
  const model = roundModel({ stores: undefined });
  const plan = planFleet(model, 10_000);
  const sent = sentAt(model, { machines: 21, sessions: 10_000, started: 100, ended: 100 });
  expect(plan.stores).toBe(Math.ceil(sent / 10_000));
  expect(planFleet(roundModel({ stores: undefined, storeConnections: 70 }), 10_000).stores).toBe(3);
});

test('resources are told with their use, the fullest first', () => {
  const model = roundModel({ providerSessions: 8000 });
  const resources = resourcesOf(model, planFleet(model, 10_000));
  const uses = Object.fromEntries(resources.map(({ name, use }) => [name, use]));
  expect(uses['sessions that the provider allows']).toBe(1.25);
  expect(uses['connections of one Postgres']).toBe(0.21);
  expect(uses['CPU of a machine']).toBeCloseTo(10_000 / 21 / 990);
  expect(uses['starts a second that it allows']).toBeUndefined();
  expect(resources.map(({ use }) => use)).toEqual(resources.map(({ use }) => use).toSorted((a, b) => b - a));
});

test('lengths are those of the log-normal distribution, up to the cap', () => {
  const { lengths, meanSeconds } = planFleet(roundModel({ sigma: 1, medianSeconds: 180, capSeconds: 14_400 }), 1000);
  expect(lengths[lengths.length / 2]).toBe(180);
  expect(meanSeconds / (180 * Math.exp(0.5))).toBeCloseTo(1, 2);
  expect(Math.max(...planFleet(roundModel({ sigma: 1, capSeconds: 300 }), 1000).lengths)).toBe(300);
  expect([0.5, 0.975, 0.01].map(normalQuantile)).toEqual([0, 1.959964, -2.326348].map((at) => expect.closeTo(at, 6)));
});

test('events that come seldom pay for a batch of their own, and many share one', () => {
  const seldom = sentAt(roundModel({ cores: 1, hasPlaces: false, turnsPerMinute: 0.06 }), {
    ...{ machines: 1, sessions: 1, started: 0, ended: 0 },
  });
  const idle = sentAt(roundModel(), { machines: 1, sessions: 0, started: 0, ended: 0 });
  // Keys and budgets each second, tasks twice: three messages each with their transaction; the lease eight in ten seconds.
  expect(idle).toBeCloseTo(12.8);
  const { alone, batch } = STATEMENTS.events.turn;
  expect((seldom - idle) / 0.001).toBeCloseTo(alone.statements + 2, 1);
  const many = sentAt(roundModel({ cores: 1, hasPlaces: false, turnsPerMinute: 60 }), {
    ...{ machines: 1, sessions: 64_000, started: 0, ended: 0 },
  });
  expect((many - idle) / 1000).toBeCloseTo(batch.statements + 2, 1);
});

test('keys with `maxSessions` cost a place for each session', () => {
  const moment = { machines: 1, sessions: 0, started: 100, ended: 100 };
  const [withPlaces, without] = [true, false].map((hasPlaces) => sentAt(roundModel({ hasPlaces }), moment));
  expect((withPlaces ?? 0) - (without ?? 0)).toBeCloseTo(100 * (3 + 2) + 100 * (1 + 2));
});
