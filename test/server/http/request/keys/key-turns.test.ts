// Tests how many questions of one key are asked at once.

import { expect, test } from 'vitest';
import { KeyTurns } from '../../../../../server/http/request/keys/key-turns.ts';

test('a few questions of one key are under way at once, those of another beside them, and all are answered', async () => {
  const turns = new KeyTurns();
  const open = Promise.withResolvers<void>();
  const begun: string[] = [];
  const ask = (name: string) =>
    turns.run(name, async () => {
      begun.push(name);
      await open.promise;
      return name;
    });
  const asked = [...Array.from({ length: 20 }, () => ask('flood')), ask('other')];
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun).toEqual([...Array.from({ length: 4 }, () => 'flood'), 'other']);
  open.resolve();
  expect((await Promise.all(asked)).filter((name) => name === 'flood')).toHaveLength(20);
});

test('a question that fails makes room for the next one', async () => {
  const turns = new KeyTurns();
  const fail = () => turns.run('web', () => Promise.reject(new Error('away')));
  const failed = await Promise.allSettled(Array.from({ length: 6 }, fail));
  expect(failed.map(({ status }) => status)).toEqual(failed.map(() => 'rejected'));
  expect(await turns.run('web', async () => 'answered')).toBe('answered');
});
