// Counts of one direction: frames that were not measured count with the next time, or with the newest.

import { expect, test } from 'vitest';
import { ResidenceHistogram } from '../../../../server/platform/times/residence-histogram.ts';
import { Traffic } from '../../../../server/platform/times/traffic.ts';

test('a time stands for the frames before it that were not measured, and the newest for those behind it', () => {
  const residence = new ResidenceHistogram();
  const traffic = new Traffic(residence);
  traffic.settle();
  expect(residence.summary().count).toBe(0);
  traffic.measured(10, 1);
  traffic.unmeasured(97);
  traffic.measured(20, 1);
  traffic.unmeasured(1);
  expect(residence.summary()).toMatchObject({ count: 99, p50: 20, max: 20 });
  traffic.settle();
  traffic.settle();
  expect(residence.summary()).toEqual({ count: 100, p50: 20, p99: 20, max: 20 });
});

test('frames and their bytes are counted apart from how long they stayed', () => {
  const traffic = new Traffic(new ResidenceHistogram());
  traffic.count(3, 100);
  traffic.count(1, 0);
  expect([traffic.frames, traffic.bytes]).toEqual([4, 100]);
});
