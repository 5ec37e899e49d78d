// Tests what models are told, and which settings make no kind.

import { describe, expect, test } from 'vitest';
import { type KindSettings, taskKind } from '../../../../server/side/prompts/kinds.ts';

const ownSchema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};

function kind(settings: KindSettings) {
  const made = taskKind(settings);
  if ('problem' in made) throw new Error(made.problem);
  return made;
}

describe('built-in kinds', () => {
  test('a classification takes one of its labels only', () => {
    const { check } = kind({ kind: 'classification', labels: ['a', 'b'] });
    expect(check({ label: 'a', confidence: 0.5 })).toBeUndefined();
    expect(check({ label: 'c', confidence: 0.5 })).toMatch(/label/);
    expect(check({ label: 'a', confidence: 2 })).toMatch(/confidence/);
  });

  test('quality names its rubric, the default or the configured one', () => {
    expect(kind({ kind: 'quality' }).system).toContain('accuracy:');
    expect(kind({ kind: 'quality', rubric: 'warmth: is warm' }).system).toContain('The rubric:\nwarmth: is warm');
  });

  test('a prompt and a schema of the user replace the built-in ones', () => {
    const { system, check } = kind({ kind: 'summary', prompt: 'Name the city.', schema: ownSchema });
    expect(system).toMatch(/^Name the city\./);
    expect(check({ city: 'Bonn' })).toBeUndefined();
    expect(check({ summary: 'x', points: [] })).toMatch(/city/);
  });
});

describe('settings that make no kind', () => {
  test.each<[KindSettings, RegExp]>([
    [{ kind: 'classification' }, /^labels: expected at least two/],
    [{ kind: 'classification', labels: ['a', 'a'] }, /^labels: expected no label twice/],
    [{ kind: 'extraction' }, /^schema: expected/],
    [{ kind: 'my-own', schema: ownSchema }, /^prompt: expected one/],
    [{ kind: 'my-own', prompt: 'Do it.' }, /^schema: expected one/],
    [{ kind: 'extraction', schema: { type: 'array' } }, /^schema: expected type: object/],
    [
      { kind: 'extraction', schema: { type: 'object', properties: { a: { type: 'objekt' } } } },
      /^schema: schema\/properties\/a\/type must be/,
    ],
    [
      { kind: 'extraction', schema: { type: 'object', properties: { a: { $ref: '#/$defs/no' } } } },
      /^schema: can't resolve/,
    ],
    [{ kind: 'extraction', schema: { type: 'object', description: 'x'.repeat(70_000) } }, /^schema: longer than/],
  ])('the settings %j make no kind', (settings, problem) => {
    expect(taskKind(settings)).toEqual({ problem: expect.stringMatching(problem) });
  });
});
