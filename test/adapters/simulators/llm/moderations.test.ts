// The moderations of the rehearsal: which words flag what, and how many results there are.

import { expect, test } from 'vitest';
import { moderationReply } from '../../../../adapters/simulators/llm/moderations.ts';

const ask = (body: unknown) => {
  const { status, pieces } = moderationReply(JSON.stringify(body));
  return { status, body: JSON.parse(pieces.join('')) };
};

test('each text has a result, and parts of one input have one together', () => {
  const parts = [
    { type: 'text', text: 'bomb' },
    { type: 'text', text: 'threat: I will shoot you' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
  ];
  expect(ask({ input: ['a', 'b'] }).body.results).toHaveLength(2);
  expect(ask({ input: parts }).body).toMatchObject({
    model: 'rehearsal',
    results: [{ flagged: true, categories: { violence: true, sexual: false } }],
  });
});

test('words that are no category of OpenAI flag nothing', () => {
  expect(ask({ input: 'My number is 078-05-1120' }).body.results).toMatchObject([{ flagged: false }]);
});

test('a result has all categories, with a score and a kind of input for each', () => {
  const [{ categories, category_scores: scores, category_applied_input_types: types }] = ask({ input: 'x' }).body
    .results;
  expect(Object.keys(categories)).toHaveLength(13);
  expect([Object.keys(scores), Object.keys(types)]).toEqual([Object.keys(categories), Object.keys(categories)]);
});

test.each([[{}], [{ input: [] }], ['x']])('%j is an error in the shape of OpenAI', (body) => {
  expect(ask(body)).toMatchObject({ status: 400, body: { error: { param: 'input' } } });
});
