// The figures and tables of streamed answers from rounds whose times are known.

import { expect, test } from 'vitest';
import type { StreamLoad, StreamRun, StreamsData } from '../../../../../bench/benches/text/streams/data.ts';
import { describeStreams } from '../../../../../bench/benches/text/streams/report.ts';
import { createHistogram, encodeHistogram, percentilesMs, recordNs } from '../../../../../bench/figures/histogram.ts';

function histogram(...values: number[]): string {
  const made = createHistogram();
  for (const ms of values) recordNs(made, ms * 1e6);
  return encodeHistogram(made);
}

function run(first: number, others: Partial<StreamRun> = {}): StreamRun {
  const [firsts, gaps, delays] = [histogram(first), histogram(25 + first / 10), histogram(first)];
  return {
    ...{ asked: 10, answers: 10, tokens: 200, tokensInAll: 220, faults: {}, firsts, gaps, delays },
    firstMs: percentilesMs(firsts),
    gapMs: percentilesMs(gaps),
    delayMs: percentilesMs(delays),
    cpuUsPerToken: 50,
    invalid: undefined,
    ...others,
  };
}

/** Adds to a base that drifts from round to round. */
const rounds = (added: Partial<Record<StreamLoad, number>>) =>
  [1, 6, 2].map((base) => {
    const runs = Object.entries(added).map(([load, ms]) => [load as StreamLoad, run(base + ms)] as const);
    return new Map(runs);
  });

const stalls = (loopMs: number | undefined, delay: number) => [1, 2, 3].map(() => ({ ...run(delay), loopMs }));
const usual: StreamsData = {
  loads: new Map([
    ['direct', rounds({ completions: 0, responses: 0 })],
    ['trunkline', rounds({ completions: 0.4, responses: 0.6, 'ui-chat': 0.8 })],
    ['portkey', rounds({ responses: 1.5 })],
    ['direct-again', rounds({ completions: 0.1, responses: 0.1 })],
  ]),
  most: new Map([
    ['direct', stalls(undefined, 4)],
    ['trunkline', stalls(20, 60)],
  ]),
  resumes: [histogram(3), histogram(4), histogram(5)],
  leftOut: [{ load: 'completions', name: 'portkey', reason: 'answered with 500' }],
};
const figureIn = (data: StreamsData, id: string) => describeStreams(data, 1).figures.find((one) => one.id === id);

test('the figure of the first token is the load to which most is added, beside Responses of direct for chats', () => {
  const figure = figureIn(usual, 'text.added_first_p50_ms');
  expect(figure?.value).toBeCloseTo(0.8, 1);
  expect(figure?.met).toBe(true);
  expect(figure?.reason).toContain('ui-chat');
  expect(figure?.reason).toContain('portkey, completions: answered with 500');
  expect(figure?.reason).toMatch(/portkey adds 1\.5\d* ms to responses/);
});

test('a goal is not met where another gateway adds less, and moved gaps have no such rule', () => {
  const loads = new Map([...usual.loads, ['portkey', rounds({ responses: 0.2 })] as const]);
  expect(figureIn({ ...usual, loads }, 'text.added_first_p50_ms')?.met).toBe(false);
  const gaps = figureIn({ ...usual, loads }, 'text.gap_p99_moved_ms');
  expect(gaps).toMatchObject({ met: true, goal: '<= 1' });
  expect(gaps?.value).toBeCloseTo(0.08, 1);
});

test('a load that the gateway itself cannot do is said, and the rest is judged', () => {
  const loads = new Map([...usual.loads, ['trunkline', rounds({ completions: 0.4, responses: 0.6 })] as const]);
  const leftOut = [{ load: 'ui-chat', name: 'trunkline', reason: 'answered with 404' }];
  const described = describeStreams({ ...usual, loads, leftOut, resumes: [] }, 1);
  const figure = described.figures.find(({ id }) => id === 'text.added_first_p50_ms');
  expect(figure?.value).toBeCloseTo(0.6, 1);
  expect(figure?.reason).toContain('ui-chat: answered with 404');
  expect(described.notes).toContain('text, ui-chat: trunkline is left out: answered with 404');
  expect(described.tables.map(({ title }) => title).join()).not.toContain('WebSocket');
});

test('stalls are judged beside those of direct, and resumes are measured', () => {
  expect(figureIn(usual, 'text.loop_stall_ms.1000')).toMatchObject({ met: true, value: 20 });
  const stream = figureIn(usual, 'text.stream_stall_ms.1000');
  expect(stream?.met).toBe(false);
  expect(stream?.reason).toContain('direct: 4');
  const resume = describeStreams(usual, 1).measures.find(({ id }) => id === 'text.resume_ms.trunkline');
  expect(resume?.rounds).toHaveLength(3);
});

test('without rounds nothing is judged', () => {
  const nothing: StreamsData = { loads: new Map(), most: new Map(), resumes: [], leftOut: [] };
  expect(describeStreams(nothing, 1).figures.map(({ met }) => met)).toEqual([null, null, null, null, null]);
});
