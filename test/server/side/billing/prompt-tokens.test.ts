// Upper bounds of prompt tokens.

import { expect, test, vi } from 'vitest';
import { MAX_IMAGE_TOKENS, maxPromptTokens } from '../../../../server/side/billing/prompt-tokens.ts';
import { llmCall } from '../../../support/routing.ts';

const ofText = (text: string) => maxPromptTokens(text, llmCall(), 'm').tokens;
const ofPart = (part: object, body: string, model = 'm') =>
  maxPromptTokens(body, llmCall({ messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, part] }] }), model);

test('letters and spaces count as half a token, every other ASCII character as one', () => {
  expect(ofText('')).toBe(0);
  expect(ofText('Good day')).toBe(4);
  expect(ofText('0123456789')).toBe(10);
  expect(ofText('{"a":1}')).toBe(7);
});

test('text beyond ASCII counts by its bytes, since rare scripts have no tokens of their own', () => {
  for (const text of ['é', 'привет', '見面', 'ߊߋߌ', '🦄', '𓀀𓀁'.repeat(100)]) {
    expect([text, ofText(text)]).toEqual([text, Buffer.byteLength(text)]);
  }
  // JSON may have half a surrogate pair in a string.
  expect(ofText('\ud83e')).toBe(2);
});

test('an image counts the same whatever the length of its base64', () => {
  const data = 'iVBORw0KGgo'.repeat(100_000);
  const part = { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } };
  expect(ofPart(part, `ab${data}ab`)).toEqual({ tokens: 2 + MAX_IMAGE_TOKENS, audioTokens: 0 });
  const remote = { type: 'image_url', image_url: { url: 'https://x.example/a.png' } };
  expect(ofPart(remote, 'aaaa').tokens).toBe(2 + MAX_IMAGE_TOKENS);
  expect(ofPart(remote, '', 'openai/gpt-4o-mini').tokens).toBe(48_169);
});

test('the same image twice counts twice, and base64 is skipped only as often as there are images', () => {
  const data = 'A'.repeat(1000);
  const part = { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } };
  const call = llmCall({ messages: [{ role: 'user', content: [part, part] }] });
  expect(maxPromptTokens(data + data + data, call, 'm').tokens).toBe(500 + 2 * MAX_IMAGE_TOKENS);
});

test.each(['application/pdf', 'video/mp4', 'text/plain', 'imagery/png', ''])(
  'of what is no image every byte counts: %s',
  (type) => {
    const data = '0123456789'.repeat(10_000);
    const url = `data:${type};base64,${data}`;
    expect(ofPart({ type: 'image_url', image_url: { url } }, url).tokens).toBeGreaterThanOrEqual(data.length);
  },
);

test.each(['"', '\n', 'AAAA BBBB', '\u00e9'])('data that is not base64 counts as text: %j', (data) => {
  const part = { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } };
  const messages = [{ role: 'user', content: Array(1000).fill(part) }];
  const body = JSON.stringify({ messages });
  const { tokens } = maxPromptTokens(body, llmCall({ messages }), 'm');
  expect(tokens).toBe(ofText(body) + 1000 * MAX_IMAGE_TOKENS);
});

test('80,000 images in one body are counted without a search for any of them', () => {
  const part = { type: 'image_url', image_url: { url: 'data:image/png;base64,AABAA' } };
  const messages = [{ role: 'user', content: Array(80_000).fill(part) }];
  const body = JSON.stringify({ messages });
  const rest = ofText(body.replaceAll('AABAA', ''));
  const search = vi.spyOn(String.prototype, 'indexOf');
  const { tokens } = maxPromptTokens(body, llmCall({ messages }), 'm');
  const hasSearched = search.mock.contexts.some((searched) => String(searched).length === body.length);
  search.mockRestore();
  expect([tokens, hasSearched]).toEqual([rest + 80_000 * MAX_IMAGE_TOKENS, false]);
});

test('audio of a known format counts by the longest time that its bytes may last', () => {
  const data = 'A'.repeat(64_000);
  const audio = (format: string) => ofPart({ type: 'input_audio', input_audio: { data, format } }, `ab${data}`);
  expect(audio('wav')).toEqual({ tokens: 1, audioTokens: 2000 });
  expect(audio('mp3')).toEqual(audio('wav'));
  expect(audio('flac')).toEqual({ tokens: 1, audioTokens: 64_000 });
});

test('a file counts by its base64, and as one image', () => {
  const part = { type: 'file', file: { file_data: `data:application/pdf;base64,${'A'.repeat(1000)}` } };
  expect(ofPart(part, 'A'.repeat(1000)).tokens).toBe(500 + MAX_IMAGE_TOKENS);
});

test('parts that are no objects are counted without an error', () => {
  const messages = [{ role: 'user', content: [null, 7, { type: 'input_audio' }, { type: 'image_url' }] }];
  expect(maxPromptTokens('', llmCall({ messages } as never), 'm').tokens).toBe(3 * MAX_IMAGE_TOKENS);
});
