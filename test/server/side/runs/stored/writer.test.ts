// The writer of runs against a store that refuses one run, or everything for a while: what it takes is written, in order, and said what not.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunWriter } from '../../../../../server/side/runs/stored/writer.ts';
import type { ResponseRow, ResponseTexts } from '../../../../../server/side/store/contract/responses.ts';
import { type Store, StoreError } from '../../../../../server/side/store/contract/store.ts';
import { openStore } from '../../../../../server/side/store/open.ts';
import { temporaryFolder } from '../../../../support/temporary-folder.ts';

let folder: string;
let store: Store;
let writer: RunWriter;
let isAway: boolean;
let maxBytes: number;
const unstored: (readonly [string, string])[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(temporaryFolder('writer'), 'data-'));
  store = await openStore({ url: 'sqlite', dataDirectory: folder });
  unstored.length = 0;
  isAway = false;
  maxBytes = 100_000_000;
  const asked = async (work: () => Promise<unknown>): Promise<never> => {
    if (isAway) throw new StoreError('store_unavailable', new Error('away'));
    return (await work()) as never;
  };
  writer = new RunWriter({
    store: { writeResponses: (changes) => asked(() => store.writeResponses(changes)) },
    prepare: async () => {},
    probe: () => asked(() => store.renewLease('holder', Date.now() + 10_000)),
    maxBytes: () => maxBytes,
    onLost() {},
    onUnstored: (...given) => void unstored.push(given),
    log: pino({ level: 'silent' }),
  });
});
afterEach(async () => {
  await writer.close(1000);
  await store.close();
});

/** Makes the store refuse what is written of one response into a table. */
function refuse(table: string, id: string): void {
  const database = new DatabaseSync(join(folder, 'trunkline.db'));
  const column = table === 'response' ? 'id' : 'response';
  const when = `when new.${column} = '${id}' begin select raise(abort, 'refused'); end`;
  database.exec(`create trigger refuse_${table} before insert on ${table} ${when}`);
  database.close();
}

const row = (id: string): ResponseRow & ResponseTexts => ({
  ...{ id, key: undefined, team: undefined, endUser: undefined, clientSecret: undefined, chat: undefined },
  ...{ previous: undefined, promptClass: 'plain', dataClass: 'open', isRehearsal: false, isKept: true },
  ...{ isBackground: false, isStreamed: true, isCut: false, state: 'in_progress', holder: 'holder', createdAt: 1 },
  ...{ input: '[{"secret":"input"}]', result: JSON.stringify({ id, status: 'in_progress' }) },
});
const events = (from: number, count: number, bytes = 10) =>
  Array.from({ length: count }, (_, at) => ({ sequence: from + at, type: 'x', data: 'd'.repeat(bytes) }));

function hand(id: string): void {
  writer.add(row(id));
  writer.append(id, events(0, 3));
  writer.append(id, events(3, 2));
  writer.change({
    id,
    state: 'completed',
    endedAt: 2,
    result: JSON.stringify({ id, status: 'completed', output: [] }),
  });
}

async function stored(id: string) {
  const parts = await store.logParts(id, -1, 100);
  const texts = (await store.responseTexts([id]))[id];
  const { state, isCut } = (await store.response(id)) ?? {};
  return { state, isCut, last: parts.at(-1)?.lastSequence, status: texts && JSON.parse(texts.result).status };
}
const whole = { state: 'completed', isCut: false, last: 4, status: 'completed' };

test.each([
  ['response_part', 'log', { state: 'completed', isCut: true, last: undefined, status: 'completed' }],
  ['response', 'all', { state: undefined, isCut: undefined, last: undefined, status: undefined }],
])('a run whose %s the store refuses keeps what it takes, and holds up no other one', async (table, lost, left) => {
  refuse(table, 'poison');
  for (const id of ['before', 'poison', 'after']) hand(id);
  await writer.flush();
  expect(await stored('poison')).toEqual(left);
  expect(unstored.at(-1)).toEqual(['poison', lost]);
  for (const id of ['before', 'after']) expect(await stored(id)).toEqual(whole);
});

test('a response whose texts the store refuses is there without them, and says so', async () => {
  const database = new DatabaseSync(join(folder, 'trunkline.db'));
  const when = `when new.input like '%secret%' and new.response = 'poison' begin select raise(abort, 'refused'); end`;
  database.exec(`create trigger refuse_text before insert on response_text ${when}`);
  database.close();
  for (const id of ['poison', 'after']) hand(id);
  await writer.flush();
  expect(unstored).toEqual([
    ['poison', 'log'],
    ['poison', 'texts'],
  ]);
  expect(await stored('poison')).toEqual({ state: 'completed', isCut: true, last: undefined, status: 'failed' });
  expect(await stored('after')).toEqual(whole);
});

test('nothing is given up while the store takes nothing, and all is written in order when it is back', async () => {
  isAway = true;
  writer.add(row('one'));
  for (let at = 0; at < 40; at++) {
    writer.append('one', events(at * 10, 10, 50_000));
    if (at % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 60));
  }
  writer.change({ id: 'one', state: 'completed', endedAt: 2, result: JSON.stringify({ status: 'completed' }) });
  isAway = false;
  await writer.flush();
  const parts = await store.logParts('one', -1, 1000);
  expect(parts.map(({ firstSequence }) => firstSequence)).toEqual([
    0,
    ...parts.slice(0, -1).map(({ lastSequence }) => lastSequence + 1),
  ]);
  expect([parts.at(-1)?.lastSequence, (await store.response('one'))?.state, unstored]).toEqual([399, 'completed', []]);
  for (const { events: text } of parts) expect(text.length).toBeLessThan(1_000_000);
});

test('more than may wait is stored without what was asked and answered, is said, and is continued by nobody', async () => {
  [isAway, maxBytes] = [true, 2000];
  const long = 'x'.repeat(1500);
  const end = (id: string) =>
    ({ id, state: 'completed', endedAt: 2, result: JSON.stringify({ id, output: [long] }) }) as const;
  writer.add({ ...row('first'), input: JSON.stringify([long]) });
  writer.add({ ...row('second'), input: JSON.stringify([long]) });
  writer.change({ id: 'first', state: 'in_progress', result: JSON.stringify({ long }) });
  expect(unstored).toEqual([['second', 'texts']]);
  writer.change(end('first'));
  expect(unstored.slice(1)).toEqual([['first', 'texts']]);
  isAway = false;
  await writer.flush();
  const texts = await store.responseTexts(['first', 'second']);
  expect(texts.first?.input).toBe(JSON.stringify([long]));
  expect(JSON.parse(texts.first?.result ?? '')).toMatchObject({
    status: 'failed',
    error: { code: 'response_not_kept' },
  });
  expect(texts.second?.input).toBe('[]');
  expect(JSON.parse(texts.second?.result ?? '')).toMatchObject({ id: 'second', status: 'in_progress', output: [] });
  for (const id of ['first', 'second']) expect(await store.response(id)).toMatchObject({ isKept: false, isCut: true });
  writer.change(end('second'));
  await writer.flush();
  expect((await store.responseTexts(['second'])).second?.result).toBe(end('second').result);
});

test('what was handed over is flushed, though more comes all the time', async () => {
  writer.add(row('endless'));
  let sequence = 0;
  const timer = setInterval(() => writer.append('endless', events(sequence++, 1)), 1);
  try {
    writer.add(row('one'));
    await writer.flush();
    expect((await store.response('one'))?.id).toBe('one');
  } finally {
    clearInterval(timer);
  }
});

test('a run that somebody else has ended is written no further', async () => {
  writer.add(row('one'));
  writer.append('one', events(0, 3));
  await writer.flush();
  await store.writeResponses({ parts: [{ response: 'one', firstSequence: 3, lastSequence: 3, events: '"the end"' }] });
  // More than one part of it.
  writer.append('one', events(3, 20, 50_000));
  await writer.flush();
  const parts = await store.logParts('one', -1, 100);
  expect(parts.at(-1)).toMatchObject({ firstSequence: 3, lastSequence: 3 });
});

test('one that is closed while the store takes nothing waits for nothing any more', async () => {
  isAway = true;
  hand('one');
  const flushed = Promise.all([writer.flush(), writer.known('one')]);
  await writer.close(50);
  await flushed;
});
