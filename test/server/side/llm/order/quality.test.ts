// Targets that the app rates low are asked last.

import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { ReportRow } from '../../../../../server/ipc/stored-rows.ts';
import { Qualities } from '../../../../../server/side/llm/order/quality.ts';
import { memoryStore } from '../../../../support/memory-store.ts';
import { answered, call, pair, routing } from '../../../../support/routing.ts';

const log = pino({ level: 'silent' });
const targets = [{ label: 'one/first' }, { label: 'two/second' }];
const ordered = { targets, why: undefined };
const asked = { promptClass: 'commodity', least: 0.7 };
const rated = (feedback: number, feedbacks: number, label = 'one/first', promptClass = 'commodity') =>
  ({ by: [promptClass, label], feedback, feedbacks }) as unknown as ReportRow;
const scored = (score: number, scores: number, more: object = {}) =>
  ({ by: ['commodity', 'one/first'], feedbacks: 0, score, scores, ...more }) as unknown as ReportRow;
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function read(rows: readonly ReportRow[]) {
  const qualities = new Qualities({ store: { report: async () => rows }, log });
  expect(qualities.order(ordered, asked)).toEqual(ordered);
  await settled();
  return qualities.order(ordered, asked);
}

test('a target of a low mean goes to the end, and why says so', async () => {
  expect(await read([rated(0.41, 20)])).toEqual({
    targets: [targets[1], targets[0]],
    why: 'one/first is rated 0.41, below 0.7',
  });
});

test('too few words of the app, those of another class, and a mean that is enough move nothing', async () => {
  for (const row of [
    rated(0.1, 19),
    rated(0.1, 50, 'one/first', 'other'),
    rated(0.7, 50),
    rated(0.1, 50, 'two/second'),
  ])
    expect(await read([row])).toEqual(ordered);
});

test('scores count where there is too little feedback, and why says so', async () => {
  const moved = { targets: [targets[1], targets[0]], why: 'one/first is scored 0.30, below 0.7' };
  expect(await read([scored(0.3, 20)])).toEqual(moved);
  expect(await read([scored(0.3, 20, { feedback: 0.9, feedbacks: 19 })])).toEqual(moved);
  expect(await read([scored(0.3, 19)])).toEqual(ordered);
  expect(await read([scored(0.3, 99, { feedback: 0.9, feedbacks: 20 })])).toEqual(ordered);
});

test('where all are low they stay as they are: none is left out', async () => {
  expect(await read([rated(0.1, 50), rated(0.2, 50, 'two/second')])).toEqual(ordered);
});

test('figures are read again after five minutes, and stay where they cannot be', async () => {
  const clock = { now: 0 };
  let reads = 0;
  const report = async () => {
    reads += 1;
    if (reads > 1) throw new Error('scripted');
    return [rated(0.1, 50)];
  };
  const qualities = new Qualities({ store: { report }, log, now: () => clock.now });
  qualities.order(ordered, asked);
  qualities.order(ordered, asked);
  await settled();
  expect(reads).toBe(1);
  clock.now += 5 * 60_000;
  qualities.order(ordered, asked);
  await settled();
  expect(reads).toBe(2);
  expect(qualities.order(ordered, asked).targets[0]).toBe(targets[1]);
});

test('a call of a class with minQuality asks the better target, unless the client names the other', async () => {
  const { targets: both, gateways } = await pair();
  const classes = { commodity: { targets: both, minQuality: 0.7 } };
  const ledger = memoryStore();
  const store = Object.assign(ledger, { report: async () => [rated(0.41, 30)] });
  const { router } = routing({ gateways, classes }, { store });
  answered(await router.run(call()));
  await settled();
  expect(answered(await router.run(call())).gateway).toBe('two');
  expect((await ledger.settled()).at(-1)?.why).toBe('one/first is rated 0.41, below 0.7');
  expect(answered(await router.run(call({ model: 'first' }))).gateway).toBe('one');
});
