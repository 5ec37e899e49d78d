// Reading a session's record.

import { expect, test } from 'vitest';
import { isSettled, kindLabel, readSideRecord } from '../../../../server/console/api/session-record.ts';

test('tasks are read in the order in which a person reads them, with their results as data', () => {
  const record = readSideRecord({
    state: 'closed',
    tasks: [
      { id: 's.quality', kind: 'quality', state: 'queued' },
      { id: 's.own-kind', kind: 'own-kind', state: 'running' },
      { id: 's.summary', kind: 'summary', state: 'done', result: '{"summary":"Short."}', isRehearsal: true },
      { id: 's.title', kind: 'title', state: 'dead', error: 'unavailable', quality: 'failed' },
    ],
    ledger: [],
  });
  expect(record.isEnded).toBe(true);
  expect(record.tasks.map(({ kind }) => kind)).toEqual(['title', 'summary', 'quality', 'own-kind']);
  expect(record.tasks[0]).toMatchObject({ state: 'dead', error: 'unavailable', quality: 'failed', isRehearsal: false });
  expect(record.tasks[1]).toMatchObject({ result: { summary: 'Short.' }, isRehearsal: true });
  expect(record.tasks.map(isSettled)).toEqual([true, true, false, false]);
});

test('a task that runs every few turns is shown once, with its newest result', () => {
  const task = (number: number, state: string) => ({
    id: `s.rolling-summary.${number}`,
    kind: 'rolling-summary',
    state,
    result: { summary: `after ${number}` },
  });
  const { tasks } = readSideRecord({ tasks: [task(12, 'queued'), task(4, 'done'), task(8, 'done')] });
  expect(tasks).toMatchObject([{ id: 's.rolling-summary.8', result: { summary: 'after 8' } }]);
});

test('the score of a result is kept, and those of older results are not', () => {
  const task = (id: string, kind: string, scores?: string) => ({ id, kind, scores, state: 'done', result: {} });
  const { tasks } = readSideRecord({
    tasks: [
      task('s.quality', 'quality'),
      task('s.title', 'title'),
      task('s.title.quality', 'quality', 's.title'),
      task('s.rolling-summary.4', 'rolling-summary'),
      task('s.rolling-summary.4.quality', 'quality', 's.rolling-summary.4'),
      task('s.rolling-summary.8', 'rolling-summary'),
      task('s.rolling-summary.8.quality', 'quality', 's.rolling-summary.8'),
    ],
  });
  expect(tasks.map(({ id }) => id).sort()).toEqual([
    's.quality',
    's.rolling-summary.8',
    's.rolling-summary.8.quality',
    's.title',
    's.title.quality',
  ]);
});

test('a missing cost is unknown, and a zero is a zero', () => {
  const { charges } = readSideRecord({
    ledger: [
      { kind: 'realtime', path: 'direct', asked: 'a', served: 'b', costMicroUsd: 0, costSource: 'reported' },
      { kind: 'task', path: 'routed', asked: 'c', costMicroUsd: null },
    ],
  });
  expect(charges).toMatchObject([
    { model: 'b', costMicroUsd: 0 },
    { model: 'c', costMicroUsd: undefined, costSource: '' },
  ]);
});

test('anything else is read as an empty record, and a record without tasks is not whole', () => {
  for (const body of [undefined, null, 'text', [], { tasks: 'none', ledger: 3 }]) {
    expect(readSideRecord(body)).toEqual({ isWhole: false, isEnded: false, tasks: [], charges: [] });
  }
  expect(readSideRecord({ tasks: [{ kind: 'summary', state: 'unheard-of' }, 7] })).toMatchObject({
    isWhole: true,
    tasks: [],
  });
});

test('names of kinds are written as people write them', () => {
  expect(['action-items', 'classification', 'my-own'].map(kindLabel)).toEqual(['Action items', 'Labels', 'My own']);
});
