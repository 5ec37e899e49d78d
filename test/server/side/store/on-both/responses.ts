// Suite of responses: their logs are written once and read from anywhere, those of processes that are gone are ended once, and all of it goes when
// it was kept long enough.

import { expect, test } from 'vitest';
import type { LogPart } from '../../../../../server/side/store/contract/responses.ts';
import { aResponse, NOON } from '../../../../support/side-records.ts';
import type { Stores } from '../../../../support/stores.ts';

const part = (response: string, firstSequence: number, ...events: string[]): LogPart => ({
  response,
  firstSequence,
  lastSequence: firstSequence + events.length - 1,
  events: events.join('\n'),
});
const { input: _, result: __, ...row } = aResponse('r1');

export function responses({ open, beside }: Stores): void {
  test('a response and its log are read on every machine as they were written', async () => {
    const store = await open();
    const other = await beside(store);
    expect(await store.writeResponses({ added: [aResponse('r1')], parts: [part('r1', 0, 'a', 'b')] })).toEqual([]);
    expect(await store.writeResponses({ parts: [part('r1', 2, 'c')] })).toEqual([]);
    expect(await other.response('r1')).toEqual(row);
    expect(await other.responseTexts(['r1', 'none'])).toEqual({
      r1: { input: aResponse('r1').input, result: aResponse('r1').result },
    });
    await store.writeResponses({ added: [aResponse('noted', { note: { sentAs: 'm1' } })] });
    expect(await other.responseNotes(['r1', 'noted', 'none'])).toEqual({ noted: { sentAs: 'm1' } });
    expect(await other.logParts('r1', -1, 10)).toEqual([part('r1', 0, 'a', 'b'), part('r1', 2, 'c')]);
    expect(await other.logParts('r1', 1, 10)).toEqual([part('r1', 2, 'c')]);
    expect(await other.logParts('r1', 2, 10)).toEqual([]);
    await store.writeResponses({ changed: [{ id: 'r1', state: 'completed', endedAt: NOON + 5, result: '{"x":1}' }] });
    expect(await other.response('r1')).toEqual({ ...row, state: 'completed', endedAt: NOON + 5 });
    expect((await other.responseTexts(['r1'])).r1?.result).toBe('{"x":1}');
    expect(await other.response('none')).toBeUndefined();
  });

  test('items of an output lead to their responses, until these are deleted', async () => {
    const store = await open();
    const result = JSON.stringify({ output: [{ id: 'i1' }, { id: 'i2' }, { type: 'x' }] });
    await store.writeResponses({ added: [aResponse('r1'), { ...aResponse('r2'), endedAt: NOON, result }] });
    for (let time = 0; time < 2; time++)
      await store.writeResponses({ changed: [{ id: 'r1', state: 'completed', endedAt: NOON, result }] });
    const found = await store.itemResponses(['i1', 'i2', 'none']);
    expect(found.map(({ item, response, length }) => [item, response, length > 10]).sort()).toEqual([
      ['i1', 'r1', true],
      ['i1', 'r2', true],
      ['i2', 'r1', true],
      ['i2', 'r2', true],
    ]);
    await store.deleteResponse('r1', NOON);
    expect((await store.itemResponses(['i1'])).map(({ response }) => response)).toEqual(['r2']);
  });

  test('what is written twice is there once, and nobody is told that it was somebody else', async () => {
    const store = await open();
    const changes = { added: [aResponse('r1')], parts: [part('r1', 0, 'a')] };
    for (let time = 0; time < 2; time++) expect(await store.writeResponses(changes)).toEqual([]);
    expect(await store.logParts('r1', -1, 10)).toHaveLength(1);
  });

  test('a response whose process is gone is ended once, and a process that lives all the same writes nothing behind', async () => {
    const store = await open();
    const other = await beside(store);
    await store.renewLease('h1', NOON + 10);
    await store.writeResponses({ added: [aResponse('r1')], parts: [part('r1', 0, 'a')] });
    expect(await other.lostResponses(NOON)).toEqual([]);
    const end = { id: 'r1', state: 'failed', endedAt: NOON + 20, result: '{"status":"failed"}' } as const;
    expect(await other.endLost({ ...end, endedAt: NOON }, part('r1', 1, 'lost'))).toBe(false);
    const [lost] = await other.lostResponses(NOON + 20, 'r1');
    expect(lost).toEqual({ ...row, result: aResponse('r1').result, lastSequence: 0, leaseEndedAt: NOON + 10 });
    const ended = await Promise.all([store, other].map((one) => one.endLost(end, part('r1', 1, 'lost'))));
    expect(ended.sort()).toEqual([false, true]);
    const late = [part('r1', 1, 'late'), part('r1', 2, 'later')];
    expect(await store.writeResponses({ parts: late })).toEqual(['r1']);
    await store.writeResponses({ changed: [{ id: 'r1', state: 'completed', endedAt: NOON + 30 }] });
    expect(await other.response('r1')).toMatchObject({ state: 'failed', endedAt: NOON + 20 });
    expect((await other.logParts('r1', 0, 10)).map(({ events }) => events)).toEqual(['lost']);
    expect(await other.lostResponses(NOON + 20)).toEqual([]);
  });

  test('marks of others reach the process that runs a response, until that has ended', async () => {
    const store = await open();
    const other = await beside(store);
    await store.writeResponses({ added: [aResponse('r1'), aResponse('r2'), aResponse('r3', { holder: 'h2' })] });
    await other.markResponse('r1', 'readAt', NOON + 1);
    await other.markResponse('r1', 'cancelledAt', NOON + 2);
    await other.markResponse('r1', 'cancelledAt', NOON + 3);
    await other.markResponse('r3', 'readAt', NOON + 1);
    expect(await store.responseMarks('h1')).toEqual([{ id: 'r1', readAt: NOON + 1, cancelledAt: NOON + 2 }]);
    await store.writeResponses({ changed: [{ id: 'r1', state: 'cancelled', endedAt: NOON + 4 }] });
    expect(await store.responseMarks('h1')).toEqual([]);
  });

  test('a chain has the responses that one continues, oldest first, and ends where one was deleted', async () => {
    const store = await open();
    const ids = ['r1', 'r2', 'r3'];
    await store.writeResponses({ added: ids.map((id, at) => aResponse(id, { previous: ids[at - 1] })) });
    const chain = async (most: number) => (await store.responseChain('r3', most)).map(({ id }) => id);
    expect(await chain(10)).toEqual(ids);
    expect(await chain(2)).toEqual(['r2', 'r3']);
    const [first] = await store.responseChain('r1', 10);
    expect(first?.length).toBe(aResponse('r1').input.length + aResponse('r1').result.length);
    await store.deleteResponse('r1', NOON);
    expect(await store.responseChain('r3', 10)).toMatchObject([{ id: 'r2', previous: 'r1' }, { id: 'r3' }]);
  });

  test('the newest response of a chat is found by its key alone', async () => {
    const store = await open();
    const chat = (id: string, more: object) => aResponse(id, { chat: 'c1', ...more });
    await store.writeResponses({
      added: [
        ...[chat('r1', { createdAt: NOON }), chat('r2', { createdAt: NOON + 1 })],
        ...[chat('r3', { key: undefined, createdAt: NOON + 2 }), chat('r4', { key: 'other', createdAt: NOON + 3 })],
      ],
    });
    expect((await store.responsesOfChat({ key: 'demo' }, 'c1', 1))[0]?.id).toBe('r2');
    expect((await store.responsesOfChat({ key: null }, 'c1', 1))[0]?.id).toBe('r3');
    expect(await store.responsesOfChat({ key: 'demo' }, 'c2', 1)).toEqual([]);
  });

  test('a page finds its own response of a chat, or that of its user, where another page of its key has one of that id', async () => {
    const store = await open();
    const chat = (id: string, more: object) => aResponse(id, { chat: 'c1', ...more });
    await store.writeResponses({
      added: [
        chat('r1', { clientSecret: 's1', createdAt: NOON }),
        chat('r2', { clientSecret: 's2', endUser: 'ann', createdAt: NOON + 1 }),
        chat('r3', { clientSecret: 's3', endUser: 'bob', createdAt: NOON + 2 }),
      ],
    });
    const found = async (secret: string, endUser?: string) =>
      (await store.responsesOfChat({ key: 'demo', secret, endUser }, 'c1', 1))[0]?.id;
    expect([await found('s1'), await found('s4', 'ann'), await found('s3', 'bob')]).toEqual(['r1', 'r2', 'r3']);
    expect(await found('s4')).toBeUndefined();
    expect((await store.responsesOfChat({ key: 'demo' }, 'c1', 9)).map(({ id }) => id)).toEqual(['r3', 'r2', 'r1']);
  });

  test('a deleted response has no texts and no log, and is ordered to end where it runs', async () => {
    const store = await open();
    await store.writeResponses({ added: [aResponse('r1')], parts: [part('r1', 0, 'a')] });
    expect(await store.deleteResponse('r1', NOON + 1)).toBe(true);
    expect(await store.deleteResponse('r1', NOON + 1)).toBe(false);
    expect(await store.response('r1')).toBeUndefined();
    expect(await store.responseTexts(['r1'])).toEqual({});
    expect(await store.logParts('r1', -1, 10)).toEqual([]);
    expect(await store.responseMarks('h1')).toEqual([{ id: 'r1', cancelledAt: NOON + 1 }]);
    // Its process knows of that a moment later.
    await store.writeResponses({ parts: [part('r1', 1, 'b')] });
    await store.writeResponses({ changed: [{ id: 'r1', state: 'cancelled', endedAt: NOON + 2 }] });
    await store.sweepResponses({ logsBefore: NOON, keptBefore: NOON });
    expect(await store.logParts('r1', -1, 10)).toEqual([]);
    expect(await store.responseMarks('h1')).toEqual([]);
  });

  test('logs go when their time is over, and responses when theirs is', async () => {
    const store = await open();
    const ended = (id: string, more: object) => aResponse(id, { state: 'completed', endedAt: NOON, ...more });
    await store.writeResponses({
      added: [ended('kept', {}), ended('passing', { isKept: false }), aResponse('running')],
      parts: ['kept', 'passing', 'running'].map((id) => part(id, 0, 'a')),
    });
    const state = async () => {
      const rows = await Promise.all(['kept', 'passing', 'running'].map((id) => store.response(id)));
      return rows.map((found) => found?.isStreamed);
    };
    await store.sweepResponses({ logsBefore: NOON, keptBefore: NOON });
    expect(await state()).toEqual([true, true, true]);
    await store.sweepResponses({ logsBefore: NOON + 1, keptBefore: NOON });
    expect(await state()).toEqual([false, undefined, true]);
    expect(await store.logParts('kept', -1, 10)).toEqual([]);
    expect(await store.responseTexts(['kept', 'passing'])).toHaveProperty('kept');
    await store.sweepResponses({ logsBefore: NOON + 1, keptBefore: NOON + 1 });
    expect(await state()).toEqual([undefined, undefined, true]);
    expect(await store.logParts('running', -1, 10)).toHaveLength(1);
  });
}
