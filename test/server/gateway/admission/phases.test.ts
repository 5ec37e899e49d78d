// Checks how the phases of admission follow one another.

import { expect, test } from 'vitest';
import type { Refusal } from '../../../../adapters/realtime/refusal.ts';
import { startPhases } from '../../../../server/gateway/admission/phases.ts';

const no: Refusal = { status: 403, code: 'policy_refused', message: 'no' };

test('gives each phase what those before it found, and ends with all of it', () => {
  const phases = startPhases<{ a: number }>()
    .add(({ a }) => ({ b: a + 1 }))
    .add(() => undefined)
    .add(({ a, b }) => ({ c: [a, b] }));
  expect(phases.run({ a: 1 })).toEqual({ a: 1, b: 2, c: [1, 2] });
});

test('ends with the first refusal, and runs no phase behind it', () => {
  const ran: string[] = [];
  const phases = startPhases<{ a: number }>()
    .add(() => no)
    .add(() => {
      ran.push('later');
      return {};
    });
  expect(phases.run({ a: 1 })).toBe(no);
  expect(ran).toEqual([]);
});

test('leaves a list as it is when another one begins with it', () => {
  const short = startPhases<{ a: number }>();
  const long = short.add(() => no);
  expect(short.run({ a: 1 })).toEqual({ a: 1 });
  expect(long.run({ a: 1 })).toBe(no);
});
