// A model of many machines for tests: round numbers, constant arrivals, sessions of one length, and nothing that happens to the machines.

import { createModel, type ScaleModel } from '../../../bench/benches/scale/model.ts';
import { planFleet } from '../../../bench/benches/scale/plan.ts';
import { type DayOutcome, simulateDay } from '../../../bench/benches/scale/simulation.ts';

const COSTS = { frameUs: 50, tlsRatio: 2, startUs: 4000, sessionKib: 32 };
const NEVER = 1000;

export const roundModel = (some: Partial<ScaleModel> = {}): ScaleModel =>
  createModel(COSTS, {
    ...{ speakShare: 0.6, medianSeconds: 100, sigma: 1e-9, capSeconds: 200, troughShare: 1, hours: 1 },
    ...{ deathHour: NEVER, deployHour: NEVER, stores: 100, balancer: 'round-robin', ...some },
  });

export function dayOf(sessions: number, some: Partial<ScaleModel> = {}, seed = 1): DayOutcome {
  const model = roundModel(some);
  return simulateDay(model, planFleet(model, sessions), seed);
}
