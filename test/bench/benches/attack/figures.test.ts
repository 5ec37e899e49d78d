// The figures of the attack from rounds whose answers are known.

import { expect, test } from 'vitest';
import type { AttackData, AttackRun, PhaseRun } from '../../../../bench/benches/attack/data.ts';
import { attackFigures } from '../../../../bench/benches/attack/figures.ts';
import { describeAttack } from '../../../../bench/benches/attack/report.ts';
import type { LoadRun } from '../../../../bench/load/run.ts';
import { loadRun } from '../../support/load-run.ts';

/** p99s and the lag of the loop in milliseconds. */
const phase = (up: number, down: number, loopLagMs = 1, others: Partial<LoadRun> = {}): PhaseRun => ({
  honest: new Map([
    ['upstream', loadRun({ p99: up, ...others })],
    ['downstream', loadRun({ p99: down })],
  ]),
  loopLagMs,
  gatewayCores: 0.3,
  attackerCores: 0.1,
});
const run = (quiet: PhaseRun, attack: PhaseRun): AttackRun => ({
  ...{ quiet, attack, seconds: 2 },
  seen: { offered: 4000, taken: 2000, ended: 3 },
});

function figuresOf(runs: readonly AttackRun[], ended = 0) {
  const data: AttackData = { runs: new Map([['trunkline', runs]]), ended: new Map([['trunkline', ended]]) };
  return { data, figures: new Map(attackFigures(data, 1).map((figure) => [figure.id, figure])) };
}

test('the ratio is that of the worse direction, the lag the median of the rounds', () => {
  const { figures } = figuresOf([
    run(phase(1, 2), phase(1.5, 5, 20)),
    run(phase(1, 2), phase(1.5, 5, 30)),
    run(phase(1, 2), phase(1.5, 5, 90)),
  ]);
  expect(figures.get('attack.p99_ratio')).toMatchObject({ value: 2.5, met: false, reason: 'downstream' });
  expect(figures.get('attack.loop_lag_ms')).toMatchObject({ value: 30, met: true });
  expect(figures.get('attack.dropped')).toMatchObject({ value: 0, met: true });
});

test('too few rounds are not judged, and what is lost of honest calls counts as dropped', () => {
  const lossy = run(phase(1, 1), phase(9, 1, 1, { lost: 2, invalid: '2 of 9 frames did not arrive' }));
  const { figures } = figuresOf([run(phase(1, 1), phase(1, 1)), lossy, run(phase(1, 1), phase(1, 1))], 1);
  expect(figures.get('attack.p99_ratio')).toMatchObject({ value: null, met: null });
  expect(figures.get('attack.dropped')).toMatchObject({ value: 3, met: false });
});

test('the report says what the attackers did, and what went wrong with honest calls', () => {
  const lossy = run(phase(1, 1), phase(9, 1, 1, { lost: 2, invalid: '2 of 9 frames did not arrive' }));
  const { data } = figuresOf([lossy]);
  const { tables, notes, measures } = describeAttack(data, { sessions: 50, seed: 1 });
  expect(tables.at(-1)?.rows).toEqual([
    ['trunkline, quiet', 1, 0.3, 0.1, null, null, null],
    ['trunkline, attack', 1, 0.3, 0.1, 2000, 1000, 3],
  ]);
  expect(notes).toEqual(['trunkline, attack, upstream: 1 invalid and left out (2 of 9 frames did not arrive)']);
  expect(measures.map(({ id }) => id)).toContain('attack.p99_ratio.downstream.trunkline');
});
