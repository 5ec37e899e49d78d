// The walk that finds names of models, and ids: where it looks, where it does not, and how often.

import { describe, expect, test } from 'vitest';
import { eventPaths, valuesAt } from '../../../../adapters/realtime/guards/event-paths.ts';

const snake = (key: string) => [key, key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
const found = (value: unknown, paths: readonly (readonly string[])[]) => [...valuesAt(value, eventPaths(paths))];

describe('a path', () => {
  test('a path leads through objects and lists', () => {
    const value = { tools: [{ model: 'a' }, [[{ model: 'b' }]], { model: 'a' }, 7, null] };
    expect(found(value, [['tools', 'model']])).toEqual(['a', 'b']);
  });

  test('a path ends at its value, whatever that is, unless it is null', () => {
    const model = [{ model: 'b' }];
    expect(found({ model }, [['model']])).toEqual([model]);
    expect(found([{ model: 0 }, { model: null }, {}], [['model']])).toEqual([0]);
  });

  test('a path may go on below another one', () => {
    const value = { a: { b: 'x' } };
    expect(found(value, [['a'], ['a', 'b']])).toEqual([value.a, 'x']);
  });

  test('a path is not led astray by what objects inherit', () => {
    expect(found({}, [['constructor', 'name'], ['__proto__']])).toEqual([]);
    expect(found(JSON.parse('{"__proto__":{"model":"a"}}'), [['__proto__', 'model']])).toEqual(['a']);
  });

  test('a path with ** leads through anything but free data', () => {
    const value = { at: { model: 'a', x: [{ y: { model: 'b' } }], metadata: { model: 'c' } }, model: 'd' };
    expect(found(value, [['at', '**', 'model']])).toEqual(['a', 'b']);
    expect(found([[value]], [['at', '**', 'y', 'model']])).toEqual(['b']);
  });

  test('a path is found in every mix of spellings', () => {
    const places = eventPaths([['oneTwo', 'threeFour', 'modelName']], snake);
    for (const one of snake('oneTwo'))
      for (const three of snake('threeFour'))
        for (const name of snake('modelName'))
          expect([...valuesAt({ [one]: { [three]: { [name]: 'a' } } }, places)]).toEqual(['a']);
    expect([...valuesAt({ oneTwo: { modelName: 'a' } }, places)]).toEqual([]);
  });
});

test('a value is looked at once, however many paths and spellings lead there', () => {
  const keys = ['aB', 'cD', 'eF', 'gH'];
  const ends = Array.from({ length: 20 }, (_, index) => [...keys, `model${index}`]);
  const places = eventPaths([['tools', ...keys, 'model'], ...ends.map((path) => ['tools', ...path])], snake);
  let looks = 0;
  const item = new Proxy({}, { getOwnPropertyDescriptor: () => void looks++ });
  valuesAt({ tools: [item] }, places);
  expect(looks).toBe(snake('aB').length);
});
