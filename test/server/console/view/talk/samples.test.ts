// The sample recordings that come with the page.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pcm16Samples } from '../../../../../codecs/audio/pcm16.ts';
import { levelOf } from '../../../../../server/console/audio/pcm.ts';
import { samples } from '../../../../../server/console/view/talk/samples.ts';

const read = (path: string) => readFileSync(new URL(`../../../../../${path}`, import.meta.url));

test.each(samples)('$file comes with the page, has its length and is not silent', ({ file, seconds }) => {
  const shipped = read(`server/console/public/samples/${file}`);
  expect(shipped.equals(read(`test/fixtures/speech/${file}`))).toBe(true);
  const sound = pcm16Samples(shipped.subarray(44));
  expect(sound.length / 16_000).toBeCloseTo(seconds, 1);
  expect(levelOf(sound)).toBeGreaterThan(0.01);
});
