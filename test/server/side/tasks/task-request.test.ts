// Tests bodies of POST /v1/tasks, good and bad.

import { describe, expect, test } from 'vitest';
import { isProblem } from '../../../../server/http/problem.ts';
import { readTaskRequest, type TaskRequestOptions } from '../../../../server/side/tasks/task-request.ts';
import { sideConfig, storedSession } from '../../../support/task-records.ts';

const schema = { type: 'object', properties: { city: { type: 'string' } } };
const config = sideConfig({
  classes: {
    plain: { targets: [{ gateway: 'scripted', model: 'a' }] },
    fine: { targets: [{ gateway: 'scripted', model: 'b' }] },
  },
  tasks: [
    { kind: 'summary', class: 'plain' },
    { kind: 'find-city', class: 'fine', when: 'demand', prompt: 'Name the city.', schema },
  ],
});
const session = storedSession();

function request(body: unknown, more: Partial<TaskRequestOptions> = {}) {
  const findSession = async (id: string) => (id === session.id ? session : undefined);
  return readTaskRequest({ body, config, key: 'demo', team: 'red', findSession, ...more });
}

async function taskOf(body: unknown, more: Partial<TaskRequestOptions> = {}) {
  const made = await request(body, more);
  if (isProblem(made)) throw new Error(made.message);
  return made.task;
}

describe('a task', () => {
  test('a task of a session runs in the only class, with the data class of its session', async () => {
    expect(await taskOf({ kind: 'summary', session: 'session-1' })).toMatchObject({
      session: 'session-1',
      kind: 'summary',
      promptClass: 'plain',
      state: 'queued',
      dataClass: 'open',
    });
  });

  test('a task of a text runs in the class that it names', async () => {
    const task = await taskOf({ kind: 'classification', text: 'Hello', labels: ['a', 'b'], class: 'fine' });
    expect(task).toMatchObject({ session: undefined, promptClass: 'fine' });
    expect(JSON.parse(task.input ?? '')).toEqual({ text: 'Hello', labels: ['a', 'b'] });
  });

  test('a task of a configured kind runs in the class of that kind', async () => {
    expect(await taskOf({ kind: 'find-city', text: 'In Bonn.' })).toMatchObject({ promptClass: 'fine' });
  });

  test('a task that is waited for comes before all others', async () => {
    expect(await taskOf({ kind: 'summary', text: 'Hello', mode: 'sync' })).toMatchObject({ runAt: 0 });
  });

  test('a task of regulated text is refused where such text is not stored', async () => {
    const regulated = { config: { ...config, regulated: { store: false } }, dataClass: 'regulated' } as const;
    expect(await request({ kind: 'summary', text: 'x' }, regulated)).toMatchObject({ status: 409, code: 'not_stored' });
    expect(await request({ kind: 'summary', text: 'x' }, { ...regulated, dataClass: 'open' })).toHaveProperty('task');
  });

  test('a task is regulated with its session or by its request', async () => {
    const findSession = async () => storedSession({ dataClass: 'regulated' });
    expect(await taskOf({ kind: 'summary', session: 's' }, { findSession, dataClass: 'open' })).toMatchObject({
      dataClass: 'regulated',
    });
    expect(await taskOf({ kind: 'summary', text: 'x' }, { dataClass: 'regulated' })).toMatchObject({
      dataClass: 'regulated',
    });
  });

  test('a task of a text is for the one of its key, else for the one whom it names', async () => {
    const inputOf = async (more: object, key?: object) =>
      JSON.parse((await taskOf({ kind: 'summary', text: 'Hello', ...more }, { onBehalf: key })).input ?? '');
    expect(await inputOf({ endUser: 'ann' }, { tags: { shop: 'a' } })).toMatchObject({
      ...{ endUser: 'ann', tags: { shop: 'a' } },
    });
    expect(await inputOf({}, { endUser: 'bob' })).toMatchObject({ endUser: 'bob' });
    expect(await inputOf({ endUser: 'bob' }, { endUser: 'bob' })).toMatchObject({ endUser: 'bob' });
    const body = { kind: 'summary', endUser: 'ann' };
    for (const [asked, words] of [
      [
        request({ ...body, text: 'Hello' }, { onBehalf: { endUser: 'bob' } }),
        /^endUser: expected none, or that of this/,
      ],
      [request({ ...body, session: 'session-1' }), /^endUser: expected none, since that of the session counts/],
      [request({ ...body, text: 'Hello', endUser: 'a\nb' }), /^endUser: expected a text without control characters/],
    ] as const)
      expect(await asked).toMatchObject({ status: 400, message: expect.stringMatching(words) });
  });

  test('the same idempotency key of the same key gives the same id', async () => {
    const body = { kind: 'summary', text: 'Hello', idempotencyKey: 'order-1' };
    const { id } = await taskOf(body);
    expect((await taskOf(body)).id).toBe(id);
    expect((await taskOf({ kind: 'summary', text: 'Hello' }, { idempotencyKey: 'order-1' })).id).toBe(id);
    expect((await taskOf(body, { key: 'other' })).id).not.toBe(id);
    expect((await taskOf({ ...body, idempotencyKey: undefined })).id).not.toBe(id);
  });
});

describe('a problem', () => {
  test.each<[object, string, RegExp]>([
    [{ text: 'x' }, 'invalid_request', /^kind: /],
    [{ kind: 'summary' }, 'invalid_request', /expected one of session, text and messages, got 0/],
    [{ kind: 'summary', text: 'x', session: 's' }, 'invalid_request', /got 2/],
    [{ kind: 'summary', text: 'x'.repeat(200_001) }, 'invalid_request', /^text: /],
    [{ kind: 'summary', messages: Array(2001).fill({ role: 'user', content: 'x' }) }, 'invalid_request', /^messages: /],
    [
      { kind: 'summary', messages: Array(3).fill({ role: 'user', content: 'x'.repeat(90_000) }) },
      'invalid_request',
      /in all/,
    ],
    [{ kind: 'nonsense', text: 'x' }, 'unknown_kind', /expected one of summary, .*find-city/],
    [{ kind: 'summary', text: 'x', class: 'no' }, 'unknown_class', /expected one of the classes plain, fine/],
    [{ kind: 'title', text: 'x' }, 'unknown_class', /expected one of the classes plain, fine/],
    [{ kind: 'summary', text: 'x', class: '__proto__' }, 'unknown_class', /expected one of/],
    [{ kind: 'summary', session: 'session-2' }, 'unknown_session', /none of this id/],
    [{ kind: 'classification', text: 'x', class: 'plain' }, 'invalid_request', /^labels: expected at least two/],
    [{ kind: 'classification', text: 'x', class: 'plain', labels: ['a'] }, 'invalid_request', /^labels: /],
    [
      { kind: 'extraction', text: 'x', class: 'plain', schema: { type: 'objekt' } },
      'invalid_request',
      /^schema: expected type: object/,
    ],
    [{ kind: 'summary', text: 'x', mode: 'later' }, 'invalid_request', /^mode: /],
    [{ kind: 'summary', text: 'x', idempotencyKey: 'a b' }, 'invalid_request', /^idempotencyKey: expected/],
    [{ kind: 'summary', text: 'x', more: 1 }, 'invalid_request', /more/],
    [{ kind: 'summary', text: 'x', labels: [] }, 'invalid_request', /^labels: expected at least 2 entries, got 0$/],
    [{ kind: 7, text: 'x' }, 'invalid_request', /^kind: expected a text in quotes, got 7 /],
    [{ kind: 'summary', text: 7 }, 'invalid_request', /^text: expected a text in quotes, got a number /],
    [
      { kind: 'summary', messages: 'a secret' },
      'invalid_request',
      /^messages: expected a list, got another text \(not/,
    ],
    [
      { kind: 'summary', messages: [{ role: 'user' }] },
      'invalid_request',
      /^messages\[0\]\.content: missing, expected a/,
    ],
    [{ kind: 'summary', text: 'x', tekst: 1 }, 'invalid_request', /^tekst: unknown key, .*did you mean text\?$/],
    [{ kind: 'summary', text: 'x', mode: 'now' }, 'invalid_request', /^mode: expected one of sync, async, got "now"$/],
  ])('body %# is refused with its code and message', async (body, code, message) => {
    expect(await request(body)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('a task of a session is refused where transcripts are off', async () => {
    const made = await request(
      { kind: 'summary', session: 'session-1' },
      { config: { ...config, transcripts: 'off' } },
    );
    expect(made).toMatchObject({ status: 409, code: 'no_transcripts' });
  });

  test('every task is refused without a gateway', async () => {
    const made = await request({ kind: 'summary', text: 'x' }, { config: { ...config, classes: {}, tasks: [] } });
    expect(made).toMatchObject({ status: 409, code: 'no_gateway' });
  });

  test('a task of a real session is refused on the rehearsal gateway', async () => {
    const rehearsed = sideConfig({ gateways: {}, classes: {}, hasRehearsalGateway: true });
    expect(await request({ kind: 'summary', session: 'session-1' }, { config: rehearsed })).toMatchObject({
      code: 'no_gateway',
    });
    expect(await taskOf({ kind: 'summary', text: 'x' }, { config: rehearsed })).toMatchObject({
      promptClass: 'rehearsal',
      isRehearsal: true,
    });
  });
});
