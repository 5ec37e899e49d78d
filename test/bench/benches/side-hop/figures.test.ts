// The figures of the side path's hop from rounds whose answers are known.

import { expect, test } from 'vitest';
import type { ChatRun, SideHopData } from '../../../../bench/benches/side-hop/data.ts';
import { sideHopFigures } from '../../../../bench/benches/side-hop/figures.ts';
import { type Ledger, ledgerGap } from '../../../../bench/benches/side-hop/ledger.ts';
import { describeSideHop } from '../../../../bench/benches/side-hop/report.ts';
import { createHistogram, encodeHistogram } from '../../../../bench/figures/histogram.ts';

const nothing = { p50: 0, p90: 0, p99: 0, p999: 0, max: 0, count: 0 };
const empty = encodeHistogram(createHistogram());

const run = (firstMs: number, totalMs: number, others: Partial<ChatRun> = {}): ChatRun => ({
  ...{ calls: 10, answers: 10, callsInAll: 12, statuses: { 200: 10 }, unsent: 0, seconds: 1 },
  ...{ firstByte: empty, total: empty, lateness: empty, latenessMs: nothing },
  firstByteMs: { ...nothing, p50: firstMs, p99: 2 * firstMs },
  totalMs: { ...nothing, p50: totalMs, p99: 2 * totalMs },
  ...{ cpuUsPerCall: 100, rssBytes: 2 ** 20, invalid: undefined },
  ...others,
});
const closed = { seconds: 2, errors: 0, statuses: { 200: 50 }, latency: empty, cpuUsPerCall: 90 };

interface Slice {
  readonly whole: ChatRun;
  readonly streamed: ChatRun;
  /** Whole answers, 50 a second. */
  readonly quiet: ChatRun;
}
const slice = (whole: ChatRun, streamed = whole, quiet = whole): Slice => ({ whole, streamed, quiet });
const thrice = (once: Slice) => [once, once, once];
type Slices = readonly (Slice | undefined)[];
const ledger: Ledger = { answers: 100, rows: 100, costMicroUsd: 1000, unknownCosts: 0 };

function dataWith(own: Slices, portkey: Slices = thrice(slice(run(40, 80)))): SideHopData {
  const contenders: readonly (readonly [string, Slices])[] = [
    ['direct', thrice(slice(run(20, 60)))],
    ['trunkline', own],
    ['portkey', portkey],
    ['direct-again', thrice(slice(run(20.1, 60)))],
  ];
  const loadOf = (of: keyof Slice) =>
    new Map(contenders.map(([name, slices]) => [name, slices.map((value) => value?.[of])]));
  return {
    loads: new Map([
      ['whole', loadOf('whole')],
      ['streamed', loadOf('streamed')],
      ['whole-50', loadOf('quiet')],
    ]),
    closed: new Map(contenders.map(([name, slices]) => [name, slices.map((value) => value && closed)])),
    many: { perSecond: 1000, processes: 2, run: run(1, 2, { calls: 3000, answers: 3000 }) },
    leftOut: [],
  };
}
const figures = (data: SideHopData, value = ledger) =>
  new Map(sideHopFigures(data, { ledger: value, seed: 1 }).map((figure) => [figure.id, figure]));

test('the figure is the largest added time of whole or streamed answers, of the first or the last byte', () => {
  const found = figures(dataWith(thrice(slice(run(20.1, 60.2), run(20.4, 60.3)))));
  const p50 = found.get('side_hop.added_p50_ms');
  expect(p50?.value).toBeCloseTo(0.4);
  expect(p50).toMatchObject({ met: true });
  expect(p50?.noise).toBeCloseTo(0.1);
  expect(p50?.reason).toBe('streamed answers, first byte; portkey adds 20 ms');
  expect(found.get('side_hop.added_p99_ms')?.value).toBeCloseTo(0.8);
});

test('what a quiet gateway adds, and the CPU of a call, are figures of their own', () => {
  const found = figures(dataWith(thrice(slice(run(20.1, 60.2), run(20.4, 60.3), run(20.2, 60.6)))));
  expect(found.get('side_hop.added_p50_ms.50')?.value).toBeCloseTo(0.6);
  expect(found.get('side_hop.added_p50_ms.50')?.reason).toBe('whole-50 answers, last byte; portkey adds 20 ms');
  expect(found.get('side_hop.cpu_us_per_call')).toMatchObject({ value: 100, met: true, goal: '<= 600' });
});

test('a peer that is ahead is named, and the goal is not met', () => {
  const data = dataWith(thrice(slice(run(20.3, 60.3))), thrice(slice(run(20.2, 60.2))));
  const figure = figures(data).get('side_hop.added_p50_ms');
  expect(figure).toMatchObject({ met: false, goal: '<= 0.5, and below every other gateway' });
  expect(figure?.reason).toContain('portkey is ahead');
});

test('a peer that did not keep up is named, and is not ahead', () => {
  const invalid = thrice(slice(run(1, 1, { invalid: 'calls had no right answer' })));
  const figure = figures(dataWith(thrice(slice(run(20.3, 60.3))), invalid)).get('side_hop.added_p50_ms');
  expect(figure).toMatchObject({ met: true });
  expect(figure?.reason).toContain('portkey has too few valid rounds');
});

test('a peer that cannot stream is compared by its whole answers', () => {
  const broken = run(1, 1, { invalid: '10 of 10 calls had no right answer' });
  const own = thrice(slice(run(20.1, 60.1), run(20.4, 60.4)));
  const ahead = figures(dataWith(own, thrice(slice(run(20.05, 60.05), broken)))).get('side_hop.added_p50_ms');
  expect(ahead).toMatchObject({ met: false });
  expect(ahead?.reason).toContain('portkey adds 0.05 ms to whole answers, of which alone it has valid rounds');
  const behind = figures(dataWith(own, thrice(slice(run(20.2, 60.2), broken)))).get('side_hop.added_p50_ms');
  expect(behind).toMatchObject({ met: true });
});

test('a peer that answers no call of a load is left out of it, with the reason', () => {
  const own = dataWith(thrice(slice(run(20.3, 60.3))), []);
  const reason = 'it answers 500 to each of 100 calls';
  const data: SideHopData = { ...own, leftOut: [{ load: 'streamed', name: 'portkey', reason }] };
  expect(figures(data).get('side_hop.added_p50_ms')?.reason).toContain(`portkey: ${reason}`);
  const { notes } = describeSideHop(data, { ledger, seed: 1 });
  expect(notes).toContain(`streamed answers, 200 calls/s, portkey: left out, ${reason}`);
});

test('many calls at once count without an error, or say why they were not made', () => {
  const data = dataWith(thrice(slice(run(20.3, 60.3))));
  const some = { perSecond: 1000, processes: 2, run: run(1, 2, { calls: 3000, answers: 2998 }) };
  expect(figures(data).get('side_hop.errors')).toMatchObject({ value: 0, met: true });
  expect(figures({ ...data, many: some }).get('side_hop.errors')).toMatchObject({ value: 2, met: false });
  expect(figures({ ...data, many: 'not ready' }).get('side_hop.errors')).toMatchObject({
    met: null,
    reason: 'not ready',
  });
});

test('nothing is judged without a ledger row for every call, and without costs', () => {
  const data = dataWith(thrice(slice(run(20, 60))));
  expect(figures(data, { ...ledger, rows: 99 }).get('side_hop.added_p50_ms')).toMatchObject({
    met: null,
    reason: 'the ledger has 99 rows for 100 calls',
  });
  expect(ledgerGap({ ...ledger, unknownCosts: 3 })).toBe('the ledger does not know the cost of 3 calls');
  expect(ledgerGap(ledger)).toBeUndefined();
});

test('two valid rounds are too few to judge', () => {
  const once = slice(run(20.3, 60.3));
  expect(figures(dataWith([once, once, undefined])).get('side_hop.added_p99_ms')).toMatchObject({
    met: null,
    reason: 'too few valid rounds',
  });
});

test('the report has every contender, its failures, and the rate of right answers', () => {
  const data = dataWith([slice(run(20.3, 60.3)), slice(run(9, 9, { invalid: 'late' })), undefined]);
  const { tables, measures, notes } = describeSideHop(data, { ledger, seed: 1 });
  expect(tables.map(({ rows }) => rows.length)).toEqual([4, 3, 4, 3, 4, 3, 4, 1]);
  expect(measures.find(({ id }) => id === 'side_hop.rate.trunkline')?.rounds).toEqual([25, 25]);
  const added = measures.find(({ id }) => id === 'side_hop.added_total_p50_ms.whole.trunkline')?.rounds;
  expect(added?.map((ms) => Math.round(ms * 10))).toEqual([3]);
  expect(notes).toContain('whole answers, 200 calls/s, trunkline: 1 invalid and left out (late)');
  expect(notes).toContain('whole answers, 200 calls/s, trunkline: 1 failed');
});
