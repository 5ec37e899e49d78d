// Parts of usage that do not overlap, also of reports that contradict themselves.

import { expect, test } from 'vitest';
import { splitOf, usdOf } from '../../../../server/side/billing/split.ts';
import { seededRandom } from '../../../support/random.ts';

test('the parts of any report are never negative, and add up to no more than it says', () => {
  const random = seededRandom(8);
  for (let round = 0; round < 2000; round++) {
    const count = () => random.below(1000);
    const usage = {
      ...{ inputTokens: count(), inputTextTokens: count(), inputAudioTokens: count(), inputImageTokens: count() },
      ...{ cachedTokens: count(), cachedAudioTokens: count(), cachedImageTokens: count(), cacheWriteTokens: count() },
      ...{ outputTokens: count(), outputTextTokens: count(), outputAudioTokens: count(), outputImageTokens: count() },
    };
    const { output, audioOutput, imageOutput, ...input } = splitOf(usage) ?? {};
    const parts = Object.values(input);
    expect(Math.min(...parts, output ?? 0)).toBeGreaterThanOrEqual(0);
    const most = usage.inputTextTokens + usage.inputAudioTokens + usage.inputImageTokens;
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(Math.max(usage.inputTokens, most));
  }
});

test('nothing that was counted is no usage, and time without a price is unknown', () => {
  expect(splitOf({})).toBeUndefined();
  const timed = splitOf({ seconds: 90 });
  expect(timed && usdOf(timed, { minute: 0.06 })).toBeCloseTo(0.09);
  expect(timed && usdOf(timed, { input: 1, output: 1 })).toBeUndefined();
});

test('audio minutes, characters and messages cost what theirs do, a minute of audio what a minute does where nothing else is said', () => {
  const cost = (usage: object, price: object) => {
    const split = splitOf(usage);
    return split && usdOf(split, price);
  };
  const heard = { inputAudioSeconds: 90, outputAudioSeconds: 30 };
  expect(cost(heard, { audioInputMinute: 0.02, audioOutputMinute: 0.1 })).toBeCloseTo(0.08);
  expect(cost(heard, { audioInputMinute: 0.02, minute: 0.1 })).toBeCloseTo(0.08);
  expect(cost(heard, { minute: 0.1 })).toBeCloseTo(0.2);
  expect(cost(heard, { audioInputMinute: 0.02 })).toBeUndefined();
  expect(cost(heard, { input: 1, output: 1 })).toBeUndefined();
  expect(cost({ characters: 2000 }, { characters: 30 })).toBeCloseTo(0.06);
  expect(cost({ characters: 2000 }, { minute: 30 })).toBeUndefined();
  expect(cost({ seconds: 120, messages: 3 }, { minute: 0.08, message: 0.004 })).toBeCloseTo(0.172);
  expect(cost({ seconds: 120, messages: 3 }, { minute: 0.05 })).toBeCloseTo(0.1);
  expect(cost({ messages: 3 }, { minute: 0.05 })).toBeUndefined();
});
