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
    const { minute, output, audioOutput, imageOutput, ...input } = splitOf(usage) ?? {};
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
