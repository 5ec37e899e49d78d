// Tests answers of models as they come: JSON, fenced, in prose, or wrong.

import { expect, test } from 'vitest';
import { parseAnswer } from '../../../../server/side/prompts/answer.ts';
import { taskKind } from '../../../../server/side/prompts/kinds.ts';

const title = taskKind({ kind: 'title' });
if ('problem' in title) throw new Error(title.problem);

test.each([
  '{"title":"A {braced} \\"title\\""}',
  '\n {"title":"A {braced} \\"title\\""} \n',
  '```json\n{"title":"A {braced} \\"title\\""}\n```',
  'Here you are: {"title":"A {braced} \\"title\\""} I hope it helps.',
  'Filled in {brackets}: {"title":"A {braced} \\"title\\""}',
  '{"title":"A {braced} \\"title\\"","more":{"a":1}}',
  'First {"no":1} then {"title":"A {braced} \\"title\\""}',
])('the answer %j is read', (text) => {
  expect(parseAnswer(text, title)).toEqual({ value: { title: 'A {braced} "title"' } });
});

test.each<[string, RegExp]>([
  ['', /^it is empty$/],
  ['No.', /^it is not JSON$/],
  ['{"title":"x"', /^it is not JSON$/],
  ['{"title":" "}', /^title: expected some text$/],
  ['["x"]', /object/],
  ['Here: {"title":1}', /^it is not JSON$/],
])('the answer %j is refused', (text, problem) => {
  expect(parseAnswer(text, title)).toEqual({ problem: expect.stringMatching(problem) });
});

test('a long answer of opening braces is refused quickly', () => {
  expect(parseAnswer('{'.repeat(1_000_000), title)).toEqual({ problem: 'it is not JSON' });
});

test('what a built-in form does not have is left out at every depth, and is still not asked for', () => {
  const kind = taskKind({ kind: 'action-items' });
  if ('problem' in kind) throw new Error(kind.problem);
  const item = { action: 'send it', owner: 'user', due: null };
  const text = JSON.stringify({ reasoning: 'because', items: [{ ...item, priority: 1 }] });
  expect(parseAnswer(text, kind)).toEqual({ value: { items: [item] } });
  expect(kind.schema).toMatchObject({
    additionalProperties: false,
    properties: { items: { items: { additionalProperties: false } } },
  });
});

test('an answer of megabytes of brackets is no JSON, and is not parsed', () => {
  const deep = `{"title":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
  expect(parseAnswer(deep, title)).toEqual({ problem: 'it is not JSON' });
});
