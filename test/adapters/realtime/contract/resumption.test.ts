// Tests what is kept of requests that have yet to be answered.

import { expect, test } from 'vitest';
import { withUnanswered } from '../../../../adapters/realtime/contract/resumption.ts';

const request = (bytes: number) => ({ frame: { data: Buffer.alloc(bytes), binary: false } });

const keptOf = (sizes: readonly number[]): readonly number[] => {
  let kept: ReturnType<typeof request>[] = [];
  for (const size of sizes) kept = withUnanswered(kept, request(size));
  return kept.map(({ frame }) => frame.data.length);
};

test('requests are kept up to their number and their bytes, the newest whatever it takes', () => {
  const MIB = 1024 * 1024;
  expect(keptOf(Array.from({ length: 40 }, (_, size) => size))).toEqual(Array.from({ length: 32 }, (_, at) => at + 8));
  expect(keptOf([MIB, 2 * MIB, MIB, 1])).toEqual([2 * MIB, MIB, 1]);
  expect(keptOf([1, 16 * MIB])).toEqual([16 * MIB]);
});
