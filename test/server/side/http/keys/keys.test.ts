// Checks how keys are made, shown, changed and ended over HTTP, on both stores, and what the audit log has of it.

import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { loadConfig } from '../../../../../server/config/load.ts';
import { digestOf } from '../../../../../server/http/request/keys/secret-form.ts';
import { askWhole } from '../../../../../server/ipc/side-request.ts';
import { createSideHttp } from '../../../../../server/side/http/routes.ts';
import { configFile } from '../../../../support/config-file.ts';
import { onBothStores, type Stores } from '../../../../support/stores.ts';

const FILE = { keys: [{ id: 'web', secret: 'secret-of-web', team: 'apps' }] };
const MINUTE_MS = 60_000;

interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into the JSON of an answer.
  readonly body: any;
}

async function openKeys({ open }: Stores, file: Record<string, unknown> = FILE) {
  const config = loadConfig({ file: configFile(file), env: {} });
  const store = await open();
  const answer = createSideHttp({ config, store, log: pino({ level: 'silent' }) });
  async function ask(method: string, path: string, json?: unknown, query = {}): Promise<Answered> {
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
    const from = { requester: { scope: 'admin' }, address: '192.0.2.7' } as const;
    const { status, text } = await askWhole(
      answer,
      { ...from, method, path, query, headers: {}, body },
      new AbortController().signal,
    );
    return { status, body: text === '' ? undefined : JSON.parse(text) };
  }
  return { store, ask };
}

/** Puts the clock on, until the end of the test. */
function passTime(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
  onTestFinished(() => void vi.useRealTimers());
}

await onBothStores((stores) => {
  describe('a new key', () => {
    test('has its secret in the answer alone, and all that a key of the file may have', async () => {
      const { store, ask } = await openKeys(stores);
      const expiresAt = '2100-01-31T00:00:00.000Z';
      const wanted = {
        ...{ id: 'app', team: 'apps', models: ['openai/*'], maxSessions: 2, maxSessionSeconds: 60 },
        ...{ classes: ['realtime'], dataClass: 'regulated', callIds: 'any', unknownFields: 'drop' },
        ...{ transcripts: 'off', expiresAt, endUser: 'ü-1', tags: { plan: 'gold' } },
      };
      const made = await ask('POST', '/keys', wanted);
      expect(made).toMatchObject({ status: 201, body: { ...wanted, source: 'stored', state: 'active' } });
      const { secret } = made.body;
      expect(secret).toMatch(/^tlk_[\w-]{43}$/);
      expect(await store.key({ digest: digestOf(secret) })).toMatchObject({ key: wanted });
      const shown = await ask('GET', '/keys/app');
      const { secret: _, ...rest } = made.body;
      expect(shown).toEqual({ status: 200, body: rest });
      expect(JSON.stringify([shown.body, (await ask('GET', '/keys')).body])).not.toContain(digestOf(secret));
    });

    test.each([
      [{}, 'id', 'missing, expected a text'],
      [{ id: 'a/b' }, 'id', 'expected letters, digits'],
      [{ id: 'a', maxSessions: 0 }, 'maxSessions', 'expected at least 1, got 0'],
      [{ id: 'a', limit: 1 }, 'limit', 'unknown key'],
      [{ id: 'a', secret: 'my-own-secret' }, 'secret', 'unknown key'],
      [{ id: 'a', models: ['opanai/*'] }, 'models[0]', 'unknown provider "opanai"'],
      [{ id: 'a', class: 'fast' }, 'class', 'unknown class "fast"'],
      [{ id: 'a', class: 'realtime', classes: ['realtime'] }, 'classes', 'expected class or classes'],
      [{ id: 'a', expiresAt: 'tomorrow' }, 'expiresAt', 'expected a time such as'],
      [{ id: 'a', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt', 'expected a time to come'],
      [{ id: 'a', tags: { a: 'x'.repeat(201) } }, 'tags.a', 'at most 200'],
      [{ id: 'a', tags: { a: 'x\n' } }, 'tags.a', 'without control characters'],
    ])('that is wrong is refused with what was expected: %j', async (wanted, field, message) => {
      const { ask } = await openKeys(stores);
      const { status, body } = await ask('POST', '/keys', wanted);
      expect([status, body.error.code, body.error.field]).toEqual([400, 'invalid_request', field]);
      expect(body.error.message).toContain(message);
      expect(body.error.message).not.toContain('my-own-secret');
    });

    test('of an id that is taken is refused, also where many are made at once', async () => {
      const { ask } = await openKeys(stores);
      expect(await ask('POST', '/keys', { id: 'web' })).toMatchObject({
        status: 409,
        body: { error: { code: 'key_exists', field: 'id' } },
      });
      const made = await Promise.all(Array.from({ length: 20 }, () => ask('POST', '/keys', { id: 'app' })));
      expect(made.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)]);
      const { entries } = (await ask('GET', '/audit')).body;
      expect(entries.map(({ action }: { action: string }) => action)).toEqual(['key.created']);
    });

    test('is refused where everyone is let in, with what would help', async () => {
      const { ask } = await openKeys(stores, {});
      expect(await ask('POST', '/keys', { id: 'app' })).toMatchObject({
        status: 409,
        body: { error: { code: 'open_mode', message: expect.stringContaining('access: keys') } },
      });
    });
  });

  test('keys are listed in pages, those of the file first, none with a secret', async () => {
    const { ask } = await openKeys(stores);
    for (const id of ['c', 'a', 'b', 'd']) await ask('POST', '/keys', { id });
    await ask('DELETE', '/keys/d');
    const first = await ask('GET', '/keys', undefined, { limit: '2' });
    expect(first.body.keys.map(({ id, source }: Record<string, string>) => [id, source])).toEqual([
      ['web', 'file'],
      ['a', 'stored'],
      ['b', 'stored'],
    ]);
    const second = await ask('GET', '/keys', undefined, { limit: '2', after: first.body.next });
    expect(second.body).toMatchObject({ keys: [{ id: 'c' }], next: null });
    expect(JSON.stringify(first.body)).not.toContain('secret-of-web');
    expect(await ask('GET', '/keys', undefined, { limit: '0' })).toMatchObject({ status: 400 });
  });

  test('a change sets fields, takes away those that are null, and is checked as a new key is', async () => {
    const { ask } = await openKeys(stores);
    await ask('POST', '/keys', { id: 'app', team: 'apps', maxSessions: 2 });
    const { body } = await ask('PATCH', '/keys/app', { maxSessions: 3, team: null, tags: { plan: 'gold' } });
    expect(body).toMatchObject({ id: 'app', maxSessions: 3, tags: { plan: 'gold' } });
    expect(body).not.toHaveProperty('team');
    expect(body).not.toHaveProperty('secret');
    for (const [change, field] of [
      [{ id: 'other' }, 'id'],
      [{ maxSessions: 'two' }, 'maxSessions'],
      [{ nothing: null }, 'nothing'],
      [{ toString: null }, 'toString'],
    ] as const)
      expect(await ask('PATCH', '/keys/app', change)).toMatchObject({ status: 400, body: { error: { field } } });
    expect(await ask('PATCH', '/keys/app', { expiresAt: '2020-01-01T00:00:00Z' })).toMatchObject({
      status: 200,
      body: { state: 'expired' },
    });
  });

  test('changes of one key at the same time all count', async () => {
    const { ask } = await openKeys(stores);
    await ask('POST', '/keys', { id: 'app' });
    const changes = [{ maxSessions: 3 }, { team: 'apps' }, { endUser: 'u' }, { unknownFields: 'drop' }];
    const answers = await Promise.all(changes.map((change) => ask('PATCH', '/keys/app', change)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await ask('GET', '/keys/app')).body).toMatchObject(Object.assign({}, ...changes));
  });

  test('a new secret replaces the old one, at once or after a time', async () => {
    const { store, ask } = await openKeys(stores);
    const old = (await ask('POST', '/keys', { id: 'app' })).body.secret;
    const kept = await ask('POST', '/keys/app/rotate', { keepOldSeconds: 60 });
    expect(kept.body.secret).not.toBe(old);
    expect(Date.parse(kept.body.oldSecretUntil)).toBeGreaterThan(Date.now() + MINUTE_MS / 2);
    expect(await store.key({ digest: digestOf(old) })).toMatchObject({ key: { id: 'app' }, oldDigest: digestOf(old) });
    const next = await ask('POST', '/keys/app/rotate');
    expect(next.status).toBe(200);
    expect(next.body).not.toHaveProperty('oldSecretUntil');
    expect(await store.key({ digest: digestOf(old) })).toBeUndefined();
    expect(await ask('POST', '/keys/app/rotate', { keepOldSeconds: -1 })).toMatchObject({
      status: 400,
      body: { error: { field: 'keepOldSeconds' } },
    });
  });

  test('a revoked key stays revoked, and its id is free once it is deleted', async () => {
    const { ask } = await openKeys(stores);
    await ask('POST', '/keys', { id: 'app' });
    const first = await ask('POST', '/keys/app/revoke');
    expect(first).toMatchObject({ status: 200, body: { state: 'revoked' } });
    expect((await ask('POST', '/keys/app/revoke')).body).toEqual(first.body);
    for (const refused of [await ask('PATCH', '/keys/app', { team: 'a' }), await ask('POST', '/keys/app/rotate')])
      expect(refused).toMatchObject({ status: 409, body: { error: { code: 'key_is_revoked' } } });
    expect(await ask('POST', '/keys', { id: 'app' })).toMatchObject({ status: 409 });
    expect(await ask('DELETE', '/keys/app')).toEqual({ status: 204, body: undefined });
    expect(await ask('GET', '/keys/app')).toMatchObject({ status: 404, body: { error: { code: 'unknown_key' } } });
    expect(await ask('DELETE', '/keys/app')).toMatchObject({ status: 404 });
    passTime(10_000);
    expect(await ask('POST', '/keys', { id: 'app' })).toMatchObject({ status: 201 });
  });

  test('the id of a deleted key is not given again before every machine has seen that it is over', async () => {
    const { store, ask } = await openKeys(stores);
    await ask('POST', '/keys', { id: 'app' });
    const { version } = await store.keyChanges(undefined);
    await ask('DELETE', '/keys/app');
    passTime(6000);
    expect(await ask('POST', '/keys', { id: 'app' })).toMatchObject({
      status: 409,
      body: { error: { code: 'key_exists', message: expect.stringContaining('ten seconds') } },
    });
    // This is what another machine sees at its next look.
    expect((await store.keyChanges(version)).keys).toMatchObject([
      { key: { id: 'app' }, deletedAt: expect.anything() },
    ]);
    passTime(6000);
    expect(await ask('POST', '/keys', { id: 'app' })).toMatchObject({ status: 201 });
    expect((await ask('GET', '/audit', undefined, { action: 'key.created' })).body.entries).toHaveLength(2);
  });

  test('the client secrets of a deleted key open nothing of the next key of its id', async () => {
    const { store, ask } = await openKeys(stores);
    const now = Date.now();
    const row = { id: 'one', key: 'app', settings: {}, usesLeft: 1, createdAt: now, expiresAt: now + MINUTE_MS };
    const other = { ...row, digest: 'other', id: 'two', key: 'else' };
    await ask('POST', '/keys', { id: 'app' });
    await store.addSecret({ ...row, digest: 'before' }, 10);
    await store.addSecret(other, 10);
    // A secret outlives a change of its key, and another secret of it.
    await ask('PATCH', '/keys/app', { maxSessions: 2 });
    await ask('POST', '/keys/app/rotate');
    expect(await store.secret('before')).toBeDefined();
    await ask('DELETE', '/keys/app');
    expect(await store.secret('before')).toBeUndefined();
    // One that was being made meanwhile is stored behind that.
    await store.addSecret({ ...row, digest: 'late' }, 10);
    passTime(10_000);
    await ask('POST', '/keys', { id: 'app' });
    expect(await store.useSecret('late', now)).toBe('unknown');
    expect(await store.secret('other')).toEqual(other);
  });

  test('a key of the file is shown without its secret, and changed nowhere else', async () => {
    const { ask } = await openKeys(stores);
    expect(await ask('GET', '/keys/web')).toEqual({
      status: 200,
      body: { id: 'web', team: 'apps', source: 'file', state: 'active' },
    });
    for (const [method, path] of [
      ['DELETE', '/keys/web'],
      ['POST', '/keys/web/rotate'],
      ['POST', '/keys/web/revoke'],
    ] as const)
      expect(await ask(method, path)).toMatchObject({ status: 409, body: { error: { code: 'key_of_file' } } });
    expect(await ask('PATCH', '/keys/web', { team: 'b' })).toMatchObject({ status: 409 });
  });

  test('the audit log has who did what, on which key, from where and when, and is asked by each of it', async () => {
    const { ask, store } = await openKeys(stores);
    await ask('POST', '/keys', { id: 'app' });
    await ask('PATCH', '/keys/app', { team: 'apps', maxSessions: 1 });
    await ask('POST', '/keys/app/rotate', { keepOldSeconds: 5 });
    await ask('POST', '/keys/app/revoke');
    await ask('DELETE', '/keys/app');
    await ask('POST', '/keys', { id: 'other' });
    const { entries, next } = (await ask('GET', '/audit', undefined, { limit: '5' })).body;
    const common = { actor: 'admin', source: '192.0.2.7' };
    expect(entries).toMatchObject([
      { ...common, action: 'key.created', subject: 'key:other' },
      { ...common, action: 'key.deleted', subject: 'key:app' },
      { ...common, action: 'key.revoked', subject: 'key:app' },
      { ...common, action: 'key.rotated', subject: 'key:app', details: { keepOldSeconds: '5' } },
      { ...common, action: 'key.changed', subject: 'key:app', details: { fields: 'team, maxSessions' } },
    ]);
    expect(Date.parse(entries[0].at)).toBeGreaterThan(Date.now() - MINUTE_MS);
    expect((await ask('GET', '/audit', undefined, { before: next })).body.entries).toHaveLength(1);
    const counted = async (query: object) => (await ask('GET', '/audit', undefined, query)).body.entries.length;
    expect(await counted({ action: 'key.created' })).toBe(2);
    expect(await counted({ subject: 'key:other' })).toBe(1);
    expect(await counted({ until: 'PT1H' })).toBe(0);
    expect(await counted({ since: 'PT1H' })).toBe(6);
    expect(await ask('GET', '/audit', undefined, { since: 'then' })).toMatchObject({ status: 400 });
    expect(await store.deleteOld({ of: 'audit', than: Date.now() + 1 })).toBe(6);
  });
});
