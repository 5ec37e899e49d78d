// JSON Schemas as Anthropic's structured outputs take them.

import { expect, test } from 'vitest';
import { structuredSchema } from '../../../../adapters/llm/anthropic/schema.ts';

test('objects are closed at every depth, and what is there stays', () => {
  const point = { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] };
  const closed = { ...point, additionalProperties: false };
  const schema = {
    type: ['object', 'null'],
    properties: { at: { $ref: '#/$defs/point' }, all: { type: 'array', items: point, minItems: 1 } },
    $defs: { point },
  };
  expect(structuredSchema(schema)).toEqual({
    type: ['object', 'null'],
    properties: { at: { $ref: '#/$defs/point' }, all: { type: 'array', items: closed, minItems: 1 } },
    $defs: { point: closed },
    additionalProperties: false,
  });
});

test('limits that the API refuses are words, and one of several is any of them', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    oneOf: [
      { type: 'integer', minimum: 1, description: 'A day.' },
      { type: 'array', items: { type: 'string', maxLength: 5 }, minItems: 2 },
    ],
  };
  expect(structuredSchema(schema)).toEqual({
    anyOf: [
      { type: 'integer', description: 'A day. (minimum: 1)' },
      { type: 'array', items: { type: 'string', description: '(maxLength: 5)' }, description: '(minItems: 2)' },
    ],
  });
});

test('a property may have the name of a limit', () => {
  const schema = { type: 'object', properties: { minimum: { type: 'number' } }, additionalProperties: false };
  expect(structuredSchema(schema)).toEqual(schema);
});

test.each([
  ['an object without properties', { type: 'object' }],
  ['a map', { type: 'object', properties: {}, additionalProperties: { type: 'string' } }],
  ['names by a pattern', { type: 'object', properties: {}, patternProperties: { '^x': {} } }],
  ['a map inside', { type: 'array', items: { type: 'object', additionalProperties: true } }],
])('%s has no form', (_, schema) => {
  expect(() => structuredSchema(schema)).toThrow(expect.objectContaining({ code: 'unsupported' }));
});
