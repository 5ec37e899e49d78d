// Tests which calls are equal to a cache, and who shares what it keeps.

import { expect, test } from 'vitest';
import { chat, HELLO, startCached } from '../../../../../support/cached-side.ts';

test('What an answer depends on makes another call of it, and what names people and hints to caches does not.', async () => {
  const { ask, seen } = await startCached();
  const path = '/v1/chat/completions';
  await ask(path, chat);
  const others = [
    { ...chat, temperature: 0.5 },
    { ...chat, max_tokens: 9 },
    { ...chat, seed: 7 },
    { ...chat, stream: true },
    { ...chat, model: 'chat/chat-1' },
    { ...chat, messages: [...HELLO, ...HELLO] },
    { ...chat, tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] },
  ];
  for (const body of others) expect((await ask(path, body)).cache).toBe('miss');
  expect(seen).toHaveLength(8);
  const named = { user: 'jane', safety_identifier: 'jane', prompt_cache_key: 'k', metadata: { a: 'b' } };
  expect((await ask(path, { ...chat, ...named })).cache).toBe('hit');
});

test('Responses repeat what they were asked with, so that there every field counts.', async () => {
  const { ask } = await startCached();
  const body = { model: 'openai-1', input: 'Hello', store: false };
  await ask('/v1/responses', { ...body, safety_identifier: 'jane' });
  expect((await ask('/v1/responses', { ...body, safety_identifier: 'joe' })).cache).toBe('miss');
  expect((await ask('/v1/responses', { ...body, safety_identifier: 'jane' })).cache).toBe('hit');
});

test.each([
  ['endUser', ['miss', 'miss', 'miss', 'miss', 'hit']],
  ['key', ['miss', 'hit', 'miss', 'miss', 'hit']],
  ['team', ['miss', 'hit', 'hit', 'miss', 'hit']],
  ['class', ['miss', 'hit', 'hit', 'hit', 'hit']],
])('An answer is shared by %s.', async (shared, expected) => {
  const { ask } = await startCached({ shared });
  const askers = [
    ['secret-of-app', 'jane'],
    ['secret-of-app', 'joe'],
    ['secret-of-web', 'jane'],
    ['secret-of-lab', 'jane'],
    ['secret-of-app', 'jane'],
  ] as const;
  const states = [];
  for (const [key, user] of askers) states.push((await ask('/v1/chat/completions', { ...chat, user }, { key })).cache);
  expect(states).toEqual(expected);
});

test('Without a word of it keys share nothing.', async () => {
  const { ask } = await startCached();
  await ask('/v1/chat/completions', chat);
  expect((await ask('/v1/chat/completions', chat, { key: 'secret-of-web' })).cache).toBe('miss');
});
