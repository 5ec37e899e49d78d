// The figures of the hop from rounds whose answers are known.

import { expect, test } from 'vitest';
import type { BenchContext } from '../../../../bench/bench.ts';
import type { HopPart } from '../../../../bench/benches/hop/data.ts';
import { BINARY, binaryFigures, hopFigures } from '../../../../bench/benches/hop/figures.ts';
import { createHistogram, encodeHistogram } from '../../../../bench/figures/histogram.ts';
import type { LoadRun } from '../../../../bench/load/run.ts';

const nothing = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0, count: 0 };
const empty = encodeHistogram(createHistogram());

function run(ms: number, cpu: number | undefined, others: Partial<LoadRun> = {}): LoadRun {
  return {
    latencyMs: { ...nothing, p50: ms, p99: 2 * ms },
    latenessMs: nothing,
    latency: empty,
    cpuUsPerFrame: cpu,
    rssBytes: undefined,
    senderUsPerFrame: undefined,
    receiverUsPerFrame: undefined,
    megabytesPerSecond: 1,
    invalid: undefined,
    lost: 0,
    isComplete: true,
    ...others,
  };
}

type Slices = ReadonlyMap<string, readonly LoadRun[]>;

/** The same added latency for both directions, over a base that drifts from round to round. */
function rounds(added: number, cpu?: number, others: Partial<LoadRun> = {}): Slices {
  const slices = (lent: Partial<LoadRun> = {}) => [1, 5, 2, 9].map((base) => run(base + added, cpu, lent));
  return new Map([
    ['up-2600-40ms', slices(others)],
    ['down-6500-40ms', slices()],
    ['down-16000-40ms', slices()],
    ['up-1300-20ms', slices()],
  ]);
}

const LOADS = ['up-2600-40ms', 'down-6500-40ms', 'down-16000-40ms', 'up-1300-20ms'];
const slicesOf = (load: string, contenders: Record<string, Slices>) =>
  new Map(Object.entries(contenders).map(([name, slices]) => [name, slices.get(load) ?? []]));

const context = (absent: Record<string, string> = {}) =>
  ({ settings: { seed: 1 }, absent: new Map(Object.entries(absent)) }) as unknown as BenchContext;

function figures(contenders: Record<string, Slices>, absent: Record<string, string> = {}) {
  const loads = new Map(LOADS.map((load) => [load, slicesOf(load, contenders)]));
  const part: HopPart = { loads, roundTrips: new Map(), eventLoopDelays: new Map() };
  const bySessions = new Map([100, 300].map((count) => [count, part]));
  return new Map(hopFigures(bySessions, context(absent)).map((figure) => [figure.id, figure]));
}

const usual = {
  direct: rounds(0),
  trunkline: rounds(0.3, 30),
  haproxy: rounds(0.2, 25),
  nginx: rounds(0.2, 40),
  'direct-again': rounds(0.02),
};

test('added latency is a ratio of paired differences, so drift does not count', () => {
  const found = figures(usual);
  expect(found.get('hop.added_p50.100.vs_haproxy')?.value).toBeCloseTo(1.5);
  expect(found.get('hop.added_p50.300.vs_haproxy')).toMatchObject({ met: false, goal: '<= 1.2' });
  expect(found.get('hop.added_p50.100.20ms.vs_haproxy')?.value).toBeCloseTo(1.5);
  expect(found.get('hop.added_p50.100.vs_haproxy')?.noise).toBeCloseTo(0.1);
  // p99 is twice the latency here, the base included.
  expect(found.get('hop.added_p99.100.vs_haproxy')?.value).toBeCloseTo(1.5);
  expect(found.get('hop.added_p99_ms.300')?.value).toBeCloseTo(0.6);
  expect(found.get('hop.added_p99_ms.300')).toMatchObject({ met: true, reason: 'no other gateway measured' });
});

test('CPU is a ratio within the rounds, upstream at 2,600 and downstream at 16,000 bytes', () => {
  const found = figures(usual);
  expect(found.get('hop.cpu_per_frame.2600.vs_haproxy')).toMatchObject({ value: 1.2, met: true, interval: [1.2, 1.2] });
  expect(found.get('hop.cpu_per_frame.1300.vs_haproxy')).toMatchObject({ value: 1.2, met: true });
  expect(found.get('hop.cpu_per_frame.16000.vs_nginx')).toMatchObject({ value: 0.75, met: true });
});

test('the CPU of the sender is compared with that of the gateway', () => {
  const own = { ...usual, trunkline: rounds(0.3, 30, { senderUsPerFrame: 33 }) };
  const figure = figures(own).get('hop.sender_cpu.2600.vs_trunkline');
  expect(figure).toMatchObject({ value: 1.1, met: false, goal: '< 1', reason: '33 us for each frame' });
  expect(figures(usual).get('hop.sender_cpu.2600.vs_trunkline')).toMatchObject({ met: null });
});

test('the worse direction is the figure', () => {
  const downstream = [1, 5, 2, 9].map((base) => run(base + 0.8, 30));
  const worse = new Map([...rounds(0.3, 30), ['down-6500-40ms', downstream] as const]);
  expect(figures({ ...usual, trunkline: worse }).get('hop.added_p50.100.vs_haproxy')?.value).toBeCloseTo(4);
});

test('another gateway that adds less makes the p99 figure not met', () => {
  const figure = figures({ ...usual, portkey: rounds(0.1, 90) }).get('hop.added_p99_ms.300');
  expect(figure).toMatchObject({ met: false, reason: 'portkey adds 0.2 ms' });
});

test('a missing contender, too few rounds, and a floor that is noise are not judged', () => {
  const { haproxy: _, ...without } = usual;
  const missing = figures(without, { haproxy: 'no haproxy on PATH' }).get('hop.cpu_per_frame.2600.vs_haproxy');
  expect(missing).toMatchObject({ met: null, value: null, reason: 'haproxy: no haproxy on PATH' });
  const late = figures({ ...usual, trunkline: rounds(0.3, 30, { invalid: 'the sender was late' }) });
  expect(late.get('hop.added_p50.100.vs_haproxy')).toMatchObject({ met: null, reason: 'too few valid rounds' });
  // Late frames cost what others cost.
  expect(late.get('hop.cpu_per_frame.2600.vs_haproxy')?.value).toBeCloseTo(1.2);
  const noise = figures({ ...usual, haproxy: rounds(-0.01, 25) }).get('hop.added_p50.100.vs_haproxy');
  expect(noise).toMatchObject({ met: null, reason: 'what haproxy adds is within the noise floor' });
});

test('CPU of binary sound is compared to that of the same audio in base64, in the same rounds', () => {
  const partOf = (contenders: Record<string, Slices>): HopPart => ({
    loads: new Map(LOADS.slice(0, 2).map((load) => [load, slicesOf(load, contenders)])),
    roundTrips: new Map(),
    eventLoopDelays: new Map(),
  });
  const both = { trunkline: rounds(0.3, 40), [BINARY]: rounds(0.3, 36) };
  expect(binaryFigures(partOf(both), context())[0]).toMatchObject({
    id: 'hop.cpu_per_frame.binary.vs_base64',
    value: 0.9,
    met: true,
    reason: '36 us for a binary frame, 40 us in base64',
  });
  expect(binaryFigures(undefined, context({ trunkline: 'not asked for' }))[0]).toMatchObject({ met: null });
});
