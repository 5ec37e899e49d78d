// The answers of the mock LLM, whole and in tokens.

import { expect, test } from 'vitest';
import {
  ANSWER_TEXT,
  LLM_USAGE,
  piecesOf,
  streamedAnswer,
  wholeAnswer,
} from '../../../../bench/load/llm/llm-answer.ts';

test('the tokens together are the whole text, however many there are', () => {
  for (const count of [1, 3, 10, 200]) {
    expect(piecesOf(ANSWER_TEXT, count)).toHaveLength(count);
    expect(piecesOf(ANSWER_TEXT, count).join('')).toBe(ANSWER_TEXT);
  }
});

test('a stream ends with its reason, its usage and its mark', () => {
  const { tokens, end } = streamedAnswer('bench', 4);
  expect(tokens).toHaveLength(4);
  expect(tokens[0]?.toString()).toContain('"role":"assistant"');
  const [reason, usage, mark] = end.toString().trim().split('\n\n');
  expect(reason).toContain('"finish_reason":"stop"');
  expect(JSON.parse(usage?.slice('data: '.length) ?? '')).toMatchObject({ choices: [], usage: LLM_USAGE });
  expect(mark).toBe('data: [DONE]');
});

test('a whole answer names the model that was asked', () => {
  expect(JSON.parse(wholeAnswer('other').toString())).toMatchObject({ model: 'other', usage: LLM_USAGE });
});
