// The rows of the codec bench: each can be timed in its process, times are those of the operation, and the table says them.

import { afterAll, expect, test } from 'vitest';
import { codecCases } from '../../../../bench/benches/codec/cases.ts';
import type { TimingMethods } from '../../../../bench/benches/codec/process.ts';
import { describeCodec } from '../../../../bench/benches/codec/report.ts';
import { nsPerOperation } from '../../../../bench/benches/codec/timing.ts';
import { startRpcProcess } from '../../../../bench/machine/rpc.ts';

const timing = startRpcProcess<TimingMethods>(new URL('../../../../bench/benches/codec/process.ts', import.meta.url));
afterAll(() => timing.stop());

test('an operation is not reported to take less time than it does', () => {
  const sleeping = new Int32Array(new SharedArrayBuffer(4));
  expect(nsPerOperation(() => Atomics.wait(sleeping, 0, 0, 1), 5)).toBeGreaterThanOrEqual(1e6);
});

test('every row does its work, and has a name of its own', async () => {
  const ids = codecCases.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, run } of codecCases) {
    expect(run(), id).toBeDefined();
    expect(await timing.time({ id, ms: 1 }), id).toBeGreaterThan(0);
  }
});

test('an unknown row is a fault', async () => {
  await expect(timing.time({ id: 'other', ms: 1 })).rejects.toThrow('no row other');
});

test('the table has nanoseconds and bytes for each operation, and the measures only our own operations', () => {
  const common = { title: 'a', bytes: 1000, run: () => 1 };
  const cases = [
    { ...common, id: 'ours' },
    { ...common, id: 'theirs', bytes: 0, isReference: true },
  ];
  const result = describeCodec(
    cases,
    new Map([
      ['ours', [100, 300, 200]],
      ['theirs', [4, 5, 6]],
    ]),
  );
  expect(result.tables[0]?.rows).toEqual([
    ['a', 1000, 200, '150 – 250', 5000],
    ['a', null, 5, '4.5 – 5.5', null],
  ]);
  expect(result.measures.map(({ id, rounds }) => [id, rounds])).toEqual([['codec.ns.ours', [100, 300, 200]]]);
});
