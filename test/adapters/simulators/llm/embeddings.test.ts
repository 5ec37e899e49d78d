// The vectors of the rehearsal: always the same for a text, of the length that was asked for, and nearer for texts alike.

import { expect, test } from 'vitest';
import { embeddingsReply } from '../../../../adapters/simulators/llm/embeddings.ts';

const ask = (body: unknown) => {
  const { status, pieces } = embeddingsReply(typeof body === 'string' ? body : JSON.stringify(body));
  return { status, body: JSON.parse(pieces.join('')) };
};
const vectorsOf = (body: object): number[][] =>
  ask(body).body.data.map(({ embedding }: { embedding: number[] }) => embedding);

test('a text has the same vector each time, of the length 1, with as many parts as were asked for', () => {
  const [once] = vectorsOf({ input: 'Hello there', dimensions: 64 });
  const [, again] = vectorsOf({ input: ['Other', 'Hello there'], dimensions: 64 });
  expect(again).toEqual(once);
  expect(once).toHaveLength(64);
  expect(Math.hypot(...(once ?? []))).toBeCloseTo(1, 9);
  expect(vectorsOf({ input: 'x', model: 'text-embedding-3-large' })[0]).toHaveLength(3072);
  expect(vectorsOf({ input: 'x', dimensions: null })[0]).toHaveLength(1536);
});

test('every text has a vector: one without words, one of a single part, and lists of tokens', () => {
  for (const body of [{ input: '?!' }, { input: 'a b c d', dimensions: 1 }, { input: [1, 2] }, { input: [[1], [2]] }])
    for (const vector of vectorsOf(body)) expect(Math.hypot(...vector)).toBeCloseTo(1, 9);
  expect(vectorsOf({ input: [1, 2] })).toHaveLength(1);
  expect(vectorsOf({ input: [[1], [2]] })).toHaveLength(2);
});

test('packed vectors are the same ones, as floats of 4 bytes', () => {
  const [{ embedding }] = ask({ input: 'Hello', dimensions: 8, encoding_format: 'base64' }).body.data;
  const bytes = Buffer.from(embedding, 'base64');
  expect(bytes).toHaveLength(32);
  const [plain] = vectorsOf({ input: 'Hello', dimensions: 8 });
  expect(Array.from({ length: 8 }, (_, at) => bytes.readFloatLE(at * 4))).toEqual(plain?.map(Math.fround));
});

test.each([
  ['no JSON', 'x', null],
  ['no input', {}, 'input'],
  ['an empty text', { input: '' }, 'input'],
  ['no texts', { input: [] }, 'input'],
  ['too many parts', { input: 'x', dimensions: 3073 }, 'dimensions'],
])('%s is an error in the shape of OpenAI', (_, body, param) => {
  expect(ask(body)).toMatchObject({ status: 400, body: { error: { type: 'invalid_request_error', param } } });
});
