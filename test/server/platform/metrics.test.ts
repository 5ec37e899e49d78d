// The metrics of a process as a scraper reads them, and those of several processes as one.

import { AggregatorRegistry } from 'prom-client';
import { expect, test } from 'vitest';
import { createMetrics, subjectLabels } from '../../../server/platform/metrics.ts';
import { sample } from '../../support/metrics.ts';

function busy() {
  const metrics = createMetrics(() => 3);
  metrics.traffic.upstream.count(1, 100);
  metrics.traffic.upstream.count(1, 50);
  metrics.traffic.downstream.count(1, 7);
  for (const ms of [0.005, 0.015, 0.05, 3, 5000]) metrics.traffic.upstream.measured(1000 * ms, 1);
  metrics.turn({ speechToAudioMs: 400, requestToTextMs: 90 }, 'openai');
  metrics.refused('invalid_key', 401);
  const dial = { provider: 'openai', outcome: 'open', ms: 30 };
  metrics.dialled('warm', dial);
  metrics.dialled('stale', { ...dial, outcome: 'failed' });
  metrics.dialled('warm', dial);
  metrics.opened('openai', 'openai-realtime');
  metrics.closed('client-closed', 1000);
  metrics.closed('client-closed', 1001);
  return metrics;
}

/** Sums of samples by name and labels, in one process and over two. */
const expected: [string, Record<string, string | number>, number][] = [
  ['trunkline_sessions', {}, 3],
  ['trunkline_sessions_opened_total', { provider: 'openai', dialect: 'openai-realtime' }, 1],
  ['trunkline_dials_total', { connection: 'warm' }, 2],
  ['trunkline_dials_total', { connection: 'stale' }, 1],
  ['trunkline_dial_seconds_count', { provider: 'openai', outcome: 'open' }, 2],
  ['trunkline_dial_seconds_bucket', { outcome: 'open', le: '0.025' }, 0],
  ['trunkline_refusals_total', { code: 'invalid_key', status: 401 }, 1],
  ['trunkline_frames_total', { direction: 'upstream' }, 2],
  ['trunkline_frames_total', { direction: 'downstream' }, 1],
  ['trunkline_bytes_total', { direction: 'upstream' }, 150],
  ['trunkline_closes_total', { reason: 'client-closed', code: 1000 }, 1],
  ['trunkline_closes_total', { reason: 'client-closed' }, 2],
  ['trunkline_turn_seconds_count', { kind: 'speechToAudio' }, 1],
  ['trunkline_turn_seconds_bucket', { kind: 'requestToText', le: '0.1' }, 1],
  ['trunkline_residence_seconds_count', { direction: 'upstream' }, 5],
  ['trunkline_residence_seconds_count', { direction: 'downstream' }, 0],
  // Cumulative, the bound included.
  ['trunkline_residence_seconds_bucket', { direction: 'upstream', le: '0.00001' }, 1],
  ['trunkline_residence_seconds_bucket', { direction: 'upstream', le: '0.00002' }, 2],
  ['trunkline_residence_seconds_bucket', { direction: 'upstream', le: '0.00005' }, 3],
  ['trunkline_residence_seconds_bucket', { direction: 'upstream', le: '0.005' }, 4],
  ['trunkline_residence_seconds_bucket', { direction: 'upstream', le: '1' }, 4],
  ['trunkline_residence_seconds_bucket', { direction: 'upstream', le: '+Inf' }, 5],
];

test('reports sessions, refusals, frames, bytes, residence, turns and closes of one process', async () => {
  const text = await busy().registry.metrics();
  for (const [name, labels, value] of expected)
    expect([name, labels, sample(text, name, labels)]).toEqual([name, labels, value]);
  expect(sample(text, 'trunkline_residence_seconds_sum', { direction: 'upstream' })).toBeCloseTo(5.00307, 5);
});

test('reports the delay of the event loop and the memory', async () => {
  const text = await busy().registry.metrics();
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(sample(text, 'process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
  expect(sample(text, 'nodejs_heap_size_used_bytes')).toBeGreaterThan(1_000_000);
});

test('adds up several processes after a way through plain data', async () => {
  const processes = await Promise.all([busy(), busy()].map(({ registry }) => registry.getMetricsAsJSON()));
  const text = await AggregatorRegistry.aggregate(structuredClone(processes) as object[]).metrics();
  for (const [name, labels, value] of expected)
    expect([name, labels, sample(text, name, labels)]).toEqual([name, labels, 2 * value]);
});

test('asks for the live sessions with each scrape', async () => {
  let live = 1;
  const { registry, traffic } = createMetrics(() => live);
  expect(sample(await registry.metrics(), 'trunkline_sessions')).toBe(1);
  live = 2;
  traffic.upstream.count(1, 5);
  const text = await registry.metrics();
  expect(sample(text, 'trunkline_sessions')).toBe(2);
  expect(sample(text, 'trunkline_frames_total', { direction: 'upstream' })).toBe(1);
  expect(sample(await registry.metrics(), 'trunkline_frames_total', { direction: 'upstream' })).toBe(1);
});

test('writes only lines that Prometheus can read', async () => {
  const lines = (await busy().registry.metrics()).trim().split('\n');
  const line = /^(#.*|[a-z_:][\w:]*(\{[a-z_]\w*="[^"]*"(,[a-z_]\w*="[^"]*")*\})? (-?[\d.e+-]+|\+Inf|NaN|Nan))?$/i;
  expect(lines.filter((text) => !line.test(text))).toEqual([]);
  for (const name of new Set(
    lines.map((text) => /^(trunkline_\w+?)(_bucket|_sum|_count)?[ {]/.exec(text)?.[1]).filter(Boolean),
  ))
    expect(lines.filter((text) => text.startsWith(`# TYPE ${name} `))).toHaveLength(1);
});

test('labels of key, team and model are there where they are asked for, each with so many values and one for all others', async () => {
  const labels = subjectLabels({ labels: ['model', 'key'], maxLabelValues: 2 });
  const { opened, registry } = createMetrics(() => 0, labels);
  for (const model of ['a', 'b', 'c', 'd', 'a', undefined])
    opened('openai', 'live', { key: { id: 'web', team: 't' }, model });
  const text = await registry.metrics();
  const counts = ['a', 'b', 'c', 'other', ''].map((model) =>
    sample(text, 'trunkline_sessions_opened_total', { model, key: 'web' }),
  );
  expect(counts).toEqual([2, 1, 0, 2, 1]);
  expect(text).not.toContain('team=');
  const plain = createMetrics(() => 0);
  plain.opened('openai', 'live', { key: { id: 'web' }, model: 'a' });
  expect(await plain.registry.metrics()).toContain('opened_total{provider="openai",dialect="live"} 1');
});

test('refused calls are counted for so many keys, which are made without end, and for one more that is all others', async () => {
  const { refusedCall, registry } = createMetrics(() => 0, subjectLabels({ labels: [], maxLabelValues: 2 }));
  for (const key of ['a', 'b', 'c', 'd', 'a', undefined]) refusedCall({ code: 'rate_limited', key });
  const text = await registry.metrics();
  const counts = ['a', 'b', 'c', 'other', ''].map((key) => sample(text, 'trunkline_refused_calls_total', { key }));
  expect(counts).toEqual([2, 1, 0, 2, 1]);
});
