// Frames that are nearly those of a dialect: with other values, cut off, with bytes changed, or of no kind at all.

import { isObject, parseJson } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import { frameOf } from '../../support/frames.ts';
import type { Random } from '../../support/random.ts';
import { randomText, randomValue } from '../../support/random-json.ts';

/** One frame made out of one of the samples. */
export function hostileFrame(random: Random, samples: readonly Frame[]): Frame {
  const { data, binary } = random.pick(samples);
  const event = parseJson(data.toString());
  const changed = event === undefined ? data : Buffer.from(randomText(random, withOtherValue(random, event, 4)));
  for (let flips = random.below(3); flips > 0 && changed.length > 0; flips--)
    changed[random.below(changed.length)] = random.below(256);
  const end = random.below(4) === 0 ? random.below(changed.length + 1) : changed.length;
  return frameOf(changed.subarray(0, end), random.below(8) === 0 ? !binary : binary);
}

/** The value with another one in some place of it. */
function withOtherValue(random: Random, value: unknown, depth: number): unknown {
  if (depth === 0 || random.below(5) === 0) return randomValue(random, 3);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    return value.toSpliced(at, 1, withOtherValue(random, value[at], depth - 1));
  }
  if (!isObject(value)) return randomValue(random, 2);
  const key = random.pick(['', ...Object.keys(value)]);
  return { ...value, [key]: withOtherValue(random, value[key], depth - 1) };
}
