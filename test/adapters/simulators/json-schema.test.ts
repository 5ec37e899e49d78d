// Values that fit a JSON Schema: arguments of function calls.

import { expect, test } from 'vitest';
import { argumentsFor, foundValue } from '../../../adapters/simulators/json-schema.ts';

const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
});

test('arguments hold all required properties and no others', () => {
  const schema = object({ city: { type: 'string' }, days: { type: 'integer' }, note: { type: 'string' } }, [
    'city',
    'days',
  ]);
  expect(argumentsFor(schema)).toEqual({ city: 'rehearsal', days: 1 });
});

const values: [string, unknown, unknown][] = [
  ['an enum', { type: 'string', enum: ['celsius', 'kelvin'] }, 'celsius'],
  ['a constant', { const: 7 }, 7],
  ['a default', { type: 'number', default: 2.5 }, 2.5],
  ['a boolean', { type: 'boolean' }, true],
  ['a null', { type: 'null' }, null],
  ['a list of types', { type: ['null', 'integer'] }, 1],
  ['a minimum', { type: 'integer', minimum: 5 }, 5],
  ['an exclusive minimum', { type: 'integer', exclusiveMinimum: 5 }, 6],
  ['a maximum below one', { type: 'integer', maximum: -3 }, -4],
  ['a multiple', { type: 'integer', minimum: 5, multipleOf: 4 }, 8],
  ['a date', { type: 'string', format: 'date' }, '2026-01-01'],
  ['a shortest string', { type: 'string', minLength: 12 }, 'rehearsal...'],
  ['a longest string', { type: 'string', maxLength: 4 }, 'rehe'],
  ['an array', { type: 'array', items: { type: 'integer' }, minItems: 2 }, [1, 1]],
  ['an empty array', { type: 'array', items: { type: 'integer' } }, []],
  ['a nested object', object({ inner: { type: 'boolean' } }), { inner: true }],
  ['an anyOf', { anyOf: [{ type: 'null' }, { type: 'integer' }] }, 1],
  ['an allOf', { allOf: [object({ a: { type: 'integer' } }), object({ b: { const: 2 } })] }, { a: 1, b: 2 }],
  ['names in capitals', { type: 'OBJECT', properties: { x: { type: 'INTEGER' } }, required: ['x'] }, { x: 1 }],
];
test.each(values)('arguments respect %s in the schema', (_, schema, value) => {
  expect(argumentsFor(object({ it: schema }))).toEqual({ it: value });
});

test('arguments follow references of the schema', () => {
  const schema = { ...object({ it: { $ref: '#/$defs/temperature' } }), $defs: { temperature: { const: 21 } } };
  expect(argumentsFor(schema)).toEqual({ it: 21 });
});

test('a schema that refers to itself gives finite arguments', () => {
  const schema = object({ child: { $ref: '#' } });
  expect(JSON.stringify(argumentsFor(schema)).length).toBeLessThan(200);
});

test('a schema that contains itself in many branches is given up on', () => {
  const schema = { anyOf: Array.from({ length: 20 }, () => ({ $ref: '#' })) };
  expect(foundValue(schema, () => undefined)).toBeNull();
});

test.each([[undefined], [null], [true], ['string'], [{}], [{ type: 'string' }], [{ $ref: '#/nowhere' }]])(
  'the schema %j gives no arguments',
  (schema) => {
    expect(argumentsFor(schema)).toEqual({});
  },
);
