// Reading JSON objects, and the values at paths in them.

import { describe, expect, test } from 'vitest';
import { objectAt, readObject, textAt } from '../../../codecs/json/object.ts';

describe('readObject', () => {
  test('reads an object, also with a repeated key', () => {
    expect(readObject(Buffer.from('{"a":1,"a":2}'))).toEqual({ a: 2 });
    expect(readObject('{"a":"ü"}')).toEqual({ a: 'ü' });
  });

  test.each(['', '7', '[]', 'null', '"x"', '{"a":', '{"a":tru}', '{"a":"\n"}'])('reads nothing from %j', (text) => {
    expect(readObject(Buffer.from(text))).toBeUndefined();
  });

  test('reads nothing that is too large or too deep', () => {
    const large = (length: number) => JSON.stringify({ a: 'x'.repeat(length) });
    expect(readObject(large(4_000_000))).toBeDefined();
    expect(readObject(large(5_000_000))).toBeUndefined();
    const deep = (levels: number) => Buffer.from(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    expect(readObject(deep(200))).toBeDefined();
    expect(readObject(deep(300))).toBeUndefined();
  });
});

test('textAt and objectAt return what is at a path only when it is of their kind', () => {
  const event = { a: { b: { c: 'x', d: 7 } }, list: [{ c: 'x' }] };
  expect(textAt(event, 'a', 'b', 'c')).toBe('x');
  expect(textAt(event, 'a', 'b', 'd')).toBeUndefined();
  expect(textAt(event, 'a', 'x', 'c')).toBeUndefined();
  expect(textAt(event, 'list', 'c')).toBeUndefined();
  expect(textAt(undefined, 'a')).toBeUndefined();
  expect(objectAt(event, 'a', 'b')).toEqual({ c: 'x', d: 7 });
  expect(objectAt(event, 'list')).toBeUndefined();
});
