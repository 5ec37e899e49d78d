// Checks how many questions of clients wait for the owner of the store, whoever asks them.

import { expect, test, vi } from 'vitest';
import { StoreQuestions } from '../../../../../server/http/request/keys/store-questions.ts';

/** Asks questions that have no answer before `answer` is called. */
function hanging() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const find = vi.fn(() => promise);
  const questions = new StoreQuestions();
  const ask = (text: string, address?: string) => questions.ask({ text, address }, find);
  const askMany = (address: string, count: number) =>
    Array.from({ length: count }, (_, index) => ask(`${address} ${index}`, address));
  return { find, ask, askMany, answer: () => resolve('answer') };
}

test('one address has a part of the room, and all together have all of it', async () => {
  const { ask, askMany, answer } = hanging();
  const waiting = ['a', 'b', 'c'].flatMap((address) => askMany(address, 250));
  expect(await ask('one more', 'a')).toBe('away');
  waiting.push(...askMany('d', 250));
  expect(await ask('one more', 'e')).toBe('away');
  const known = ask('of a client that is known', undefined);
  answer();
  expect(new Set(await Promise.all([...waiting, known]))).toEqual(new Set(['answer']));
  expect(await Promise.all(askMany('a', 250))).toHaveLength(250);
});

test('equal questions share an answer, also where there is no room for another one', async () => {
  const { find, ask, askMany, answer } = hanging();
  const waiting = askMany('a', 250);
  const shared = [ask('a 0', 'a'), ask('a 0', 'b')];
  answer();
  expect(await Promise.all([...waiting, ...shared])).toHaveLength(252);
  expect(find).toHaveBeenCalledTimes(250);
});

test('a question that fails makes room', async () => {
  const questions = new StoreQuestions();
  const asked = { text: 'a', address: 'a' };
  for (let times = 0; times < 300; times += 1)
    expect(await questions.ask(asked, () => Promise.reject(new Error('gone')))).toBe('away');
  expect(await questions.ask(asked, async () => 'answer')).toBe('answer');
});
