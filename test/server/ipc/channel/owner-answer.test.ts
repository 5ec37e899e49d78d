// Tests what somebody is told who asks the owner of the store, and what becomes of an answer that comes too late.

import { expect, test } from 'vitest';
import { ownerAnswer } from '../../../../server/ipc/channel/owner-answer.ts';
import { until } from '../../../support/until.ts';

test('an answer is passed on, also where it is nothing', async () => {
  expect(await ownerAnswer(Promise.resolve('granted'))).toBe('granted');
  expect(await ownerAnswer(Promise.resolve(undefined))).toBeUndefined();
});

test('the owner is away where there is none, where it fails, and where it takes too long', async () => {
  expect(await ownerAnswer(undefined)).toBe('away');
  expect(await ownerAnswer(Promise.reject(new Error('gone')))).toBe('away');
  expect(await ownerAnswer(new Promise(() => {}), { ms: 1 })).toBe('away');
});

test('an answer that comes too late is told to whom it is of use, and a failure by then to nobody', async () => {
  const [answer, failure] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const late: number[] = [];
  const patience = { ms: 1, onLate: (number: number) => late.push(number) };
  for (const { promise } of [failure, answer]) expect(await ownerAnswer(promise, patience)).toBe('away');
  failure.reject(new Error('gone'));
  answer.resolve(7);
  await until(() => late.length > 0);
  expect(late).toEqual([7]);
});
