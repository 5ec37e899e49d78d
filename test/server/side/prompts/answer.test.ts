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
  'First {"no":1} then {"title":"A {braced} \\"title\\""}',
])('the answer %j is read', (text) => {
  expect(parseAnswer(text, title)).toEqual({ value: { title: 'A {braced} "title"' } });
});

test.each<[string, RegExp]>([
  ['', /^it is empty$/],
  ['No.', /^it is not JSON$/],
  ['{"title":"x"', /^it is not JSON$/],
  ['{"title":" "}', /^title: expected some text$/],
  ['{"title":"x","more":1}', /more/],
  ['["x"]', /object/],
  ['Here: {"title":1}', /^it is not JSON$/],
])('the answer %j is refused', (text, problem) => {
  expect(parseAnswer(text, title)).toEqual({ problem: expect.stringMatching(problem) });
});

test('a long answer of opening braces is refused quickly', () => {
  expect(parseAnswer('{'.repeat(1_000_000), title)).toEqual({ problem: 'it is not JSON' });
});
