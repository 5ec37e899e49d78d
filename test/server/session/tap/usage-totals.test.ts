// Usage by the model that made it, as the tap adds it up.

import { expect, test } from 'vitest';
import type { Observation } from '../../../../adapters/realtime/contract/observation.ts';
import { tapOf } from '../../../support/scripted-tap.ts';

test('tells usage by model where several served, for a bounded number of models', () => {
  const reply = (model: string | undefined, usage: Observation['usage']) => ({ at: 0, observation: { model, usage } });
  expect(tapOf(reply('a', { inputTokens: 1 }), reply('a', { inputTokens: 1 })).usageByModel).toBeUndefined();
  const used = tapOf(
    reply(undefined, { inputTokens: 1 }),
    reply('a', { inputTokens: 2 }),
    reply('b', { inputTokens: 4 }),
    reply('a', { inputTokens: 8 }),
  );
  expect(used).toMatchObject({ model: 'a', usage: { inputTokens: 15 } });
  expect(used.usageByModel).toEqual([
    { model: undefined, usage: { inputTokens: 1 } },
    { model: 'a', usage: { inputTokens: 10 } },
    { model: 'b', usage: { inputTokens: 4 } },
  ]);
  const many = tapOf(...Array.from({ length: 100 }, (_, index) => reply(`m${index}`, { inputTokens: 1 })));
  expect(many.usageByModel).toHaveLength(17);
  expect(many.usageByModel?.at(-1)).toEqual({ model: 'other', usage: { inputTokens: 84 } });
});

test('keeps a running total apart from what other models took', () => {
  const observed = (observation: Partial<Observation>) => ({ at: 0, observation });
  const used = tapOf(
    observed({ model: 'voice', usage: { cumulative: true, seconds: 10 } }),
    observed({ usage: { inputTokens: 3, outputTokens: 4 }, usageOf: { model: 'thinker' } }),
    observed({ usage: { cumulative: true, seconds: 25 } }),
  );
  expect(used.usageByModel).toEqual([
    { model: 'voice', usage: { cumulative: true, seconds: 25 } },
    { model: 'thinker', usage: { inputTokens: 3, outputTokens: 4 } },
  ]);
});

test('counts a transcript as what the transcribing model took, or as of nobody with a price', () => {
  const observed = (observation: Partial<Observation>) => ({ at: 0, observation });
  const words = observed({ usage: { seconds: 2 }, usageOf: 'transcription' });
  const known = tapOf(observed({ model: 'voice', transcriptionModel: 'whisper-1' }), words);
  expect(known.usageByModel).toEqual([{ model: 'whisper-1', usage: { seconds: 2 } }]);
  const unknown = tapOf(observed({ model: 'voice' }), words);
  expect(unknown.usageByModel).toEqual([{ model: 'other', usage: { seconds: 2 } }]);
});

test('counts no more of a report than can have been used, and tells so', () => {
  const observed = (at: number, usage: Observation['usage']) => ({ at, observation: { usage } });
  const absurd = { inputTokens: 9_007_199_254_740_991, outputAudioTokens: 1e308, totalTokens: 1e308, webSearches: 1e9 };
  expect(tapOf(observed(0, { inputTokens: 500, outputTokens: 50 }), observed(0, absurd))).toMatchObject({
    usage: { inputTokens: 1500, outputTokens: 50, outputAudioTokens: 100, totalTokens: 1100, webSearches: 100 },
    isBeyondBound: true,
  });
  // The scripted session has lasted for ten seconds.
  expect(tapOf(observed(10_000, { cumulative: true, seconds: 1e12 }))).toMatchObject({
    usage: { seconds: 1200 },
    isBeyondBound: true,
  });
  expect(tapOf(observed(10_000, { inputTokens: 1000, seconds: 1200 })).isBeyondBound).toBeUndefined();
});
