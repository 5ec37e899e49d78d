// Stamps in the text of tokens, however an answer is cut.

import { expect, test } from 'vitest';
import { completionTokens, responseTokens } from '../../../../bench/load/tokens/token-answer.ts';
import { tokenStampReader } from '../../../../bench/load/tokens/token-stamp.ts';

const stamps = [1, 2, 3].map((index) => ({ writtenNs: 70_000 + index, comeNs: 60_000 }));

test('the stamps of an answer are read once each, wherever its bytes are cut', () => {
  for (const answer of [completionTokens('bench'), responseTokens('bench')]) {
    const whole = answer.head + stamps.map((stamp) => answer.token(stamp)).join('');
    for (const size of [1, 7, 40, whole.length]) {
      const read = tokenStampReader();
      const found = [];
      for (let at = 0; at < whole.length; at += size) found.push(...read(whole.slice(at, at + size)));
      expect(found).toEqual(stamps);
    }
  }
});

test('both forms are events of JSON, and Responses count them without gaps and end with the whole text', () => {
  const completion = completionTokens('bench');
  const chunks = (completion.head + stamps.map(completion.token).join('') + completion.end()).trim().split('\n\n');
  expect(chunks.pop()).toBe('data: [DONE]');
  for (const chunk of chunks) expect(JSON.parse(chunk.slice('data: '.length))).toMatchObject({ model: 'bench' });
  const response = responseTokens('bench');
  const events = (response.head + stamps.map((stamp) => response.token(stamp)).join('') + response.end())
    .trim()
    .split('\n\n')
    .map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 'data: '.length)));
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index));
  const deltas = events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
  expect(events.at(-1).response.output[0].content[0].text).toBe(deltas.join(''));
});
