// Tests schemas of users: what they mean, and that none of them holds up the process.

import { describe, expect, test } from 'vitest';
import {
  bounded,
  compileSchema,
  fitCheckOf,
  isOverTime,
  type JsonSchema,
} from '../../../../../server/side/llm/answer/json-schema.ts';

function check(schema: JsonSchema, value: unknown): string | undefined {
  const compiled = compileSchema({ type: 'object', ...schema });
  if ('problem' in compiled) throw new Error(compiled.problem);
  return compiled.check(value);
}

test.each<[JsonSchema, unknown, RegExp]>([
  [{ properties: { a: { type: 'string' } } }, { a: 1 }, /^\/a must be string$/],
  [{ properties: { a: { enum: ['x', 'y'] } } }, { a: 'z' }, /^\/a must be equal to one of the allowed values: x, y$/],
  [{ allOf: [{ required: ['b'] }] }, { a: 1 }, /^the object must have required property 'b'$/],
  [{ dependentRequired: { a: ['b'] } }, { a: 1 }, /must have property b when property a is present/],
  [{}, [], /^the object must be object$/],
])('the schema %j refuses %j', (schema, value, problem) => {
  expect(check(schema, value)).toMatch(problem);
});

test('unknown keywords and formats are ignored', () => {
  expect(check({ 'x-mine': 1, properties: { a: { type: 'string', format: 'mine' } } }, { a: 'b' })).toBeUndefined();
});

test('two schemas with the same id do not affect each other', () => {
  expect(check({ $id: 'https://example.com/one', required: ['a'] }, { a: 1 })).toBeUndefined();
  expect(check({ $id: 'https://example.com/one', required: ['b'] }, { a: 1 })).toMatch(/'b'/);
});

describe('schemas that are made to be slow', () => {
  test('a pattern that backtracks for ever ends as a problem', () => {
    const schema = { properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
    expect(check(schema, { a: `${'a'.repeat(50)}!` })).toBe('the schema takes too long to check');
    // The next check works as usual.
    expect(check({ required: ['b'] }, {})).toMatch(/'b'/);
  });

  test('references that multiply end as a problem', () => {
    const $defs: Record<string, JsonSchema> = { d0: { type: 'string', minLength: 9 } };
    for (let depth = 1; depth <= 40; depth++) {
      $defs[`d${depth}`] = { anyOf: [{ $ref: `#/$defs/d${depth - 1}` }, { $ref: `#/$defs/d${depth - 1}` }] };
    }
    const compiled = compileSchema({ type: 'object', $defs, properties: { a: { $ref: '#/$defs/d40' } } });
    const problem = 'problem' in compiled ? compiled.problem : compiled.check({ a: 'x' });
    expect(problem).toMatch(/takes too long/);
  });

  test('a schema that refers only to itself ends as a problem', () => {
    const compiled = compileSchema({ type: 'object', properties: { a: { $ref: '#/properties/a' } } });
    expect('problem' in compiled ? compiled.problem : compiled.check({ a: 1 })).toBeTypeOf('string');
  });
});

describe('the schema of a call', () => {
  test('is one that a value fits or not', () => {
    const fits = fitCheckOf({ type: 'object', required: ['b'] }, { compileMs: 30_000, checkMs: 30_000 });
    expect([fits({ b: 1 }), fits({ a: 1 })]).toEqual([true, false]);
  });

  test.each([
    ['is too slow to check', { properties: { a: { type: 'string', pattern: '^(a+)+$' } } }],
    ['is wrong', { properties: 1 }],
    ['is too long', { description: 'x'.repeat(70_000) }],
  ])('passes no verdict where it %s', (_, schema) => {
    const fits = fitCheckOf({ type: 'object', required: ['a'], ...schema });
    expect(fits({ a: `${'a'.repeat(50)}!` })).toBe(true);
  });
});

describe('a bounded run', () => {
  test('that waited for the CPU begins anew, and one that worked all its time does not', () => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    let runs = 0;
    const waiting = () => {
      runs++;
      if (runs < 3) Atomics.wait(cell, 0, 0, 1_000);
      return runs;
    };
    expect(bounded(waiting, 100)).toBe(3);
    const error = thrownBy(() => bounded(() => /^(a+)+$/.test(`${'a'.repeat(50)}!`), 100));
    expect(isOverTime(error)).toBe(true);
  });

  test('ends after some runs, even where each of them only waits', () => {
    const cell = new Int32Array(new SharedArrayBuffer(4));
    expect(isOverTime(thrownBy(() => bounded(() => Atomics.wait(cell, 0, 0, 1_000), 20)))).toBe(true);
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
