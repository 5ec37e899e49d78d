// The names that a client may give as `model`: what each means, which of them a key is shown, and that what is shown can be called.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answered, scriptedRouter, startSideHttp, type TestSide } from '../../../../support/side-http.ts';

const target = (gateway: string, model: string) => ({ gateway, model });
const gateways = {
  router: { profile: 'openai-compatible', baseUrl: 'https://llm.example.com/v1', apiKey: 'llm-secret' },
  contract: { profile: 'openai', apiKey: 'llm-secret' },
};
const classes = {
  cheap: { targets: [target('router', 'acme/small'), target('contract', 'gpt-5-mini')] },
  fine: { targets: [target('contract', 'gpt-5'), target('router', 'acme/small')] },
  hidden: { targets: [target('router', 'acme/secret')] },
};
const keys = [
  { id: 'free', secret: 'secret-free' },
  { id: 'listed', secret: 'secret-listed', classes: ['fine', 'cheap'] },
  { id: 'bound', secret: 'secret-bound', class: 'fine' },
  { id: 'regulated', secret: 'secret-regulated', classes: ['cheap', 'fine'], dataClass: 'regulated' },
];
const messages = [{ role: 'user', content: 'Hello' }];
const router = scriptedRouter(async () => answered('yes'));
let side: TestSide;

const start = async (more: object = {}) => {
  side = await startSideHttp({ file: { gateways, classes, keys, ...more }, router });
};
beforeEach(() => start());
afterEach(() => side.close());

async function call(key: string, model: string, headers: Record<string, string> = {}) {
  const json = { model, messages };
  const response = await side.ask('/v1/chat/completions', { method: 'POST', key: `secret-${key}`, headers, json });
  const body = (await response.json()) as { error?: Record<string, string> };
  const { promptClass, model: asked } = router.calls.at(-1) ?? {};
  return response.status === 200 ? { promptClass, model: asked } : { status: response.status, ...body.error };
}
async function listed(key: string, headers: Record<string, string> = {}): Promise<readonly string[]> {
  const response = await side.ask('/v1/models', { key: `secret-${key}`, headers });
  return ((await response.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
}

test.each([
  ['free', 'gpt-5', { promptClass: 'fine', model: 'gpt-5' }],
  ['free', 'acme/small', { promptClass: 'cheap', model: 'acme/small' }],
  ['listed', 'acme/small', { promptClass: 'fine', model: 'acme/small' }],
  ['free', 'contract/gpt-5', { promptClass: 'fine', model: 'contract/gpt-5' }],
  ['free', 'fine', { promptClass: 'fine', model: undefined }],
  ['free', 'fine/acme/small', { promptClass: 'fine', model: 'acme/small' }],
  ['free', '*', { promptClass: 'cheap', model: '*' }],
  ['bound', 'acme/small', { promptClass: 'fine', model: 'acme/small' }],
  ['regulated', 'gpt-5', { promptClass: 'fine', model: 'gpt-5' }],
  ['regulated', 'cheap', { promptClass: 'cheap', model: undefined }],
])('a call of %s that names %s goes to the first class that has it', async (key, model, expected) => {
  expect(await call(key, model)).toEqual(expected);
});

test('the name of a target comes before that of a class, and that before `class/model`', async () => {
  await side.close();
  await start({
    classes: {
      one: { targets: [target('router', 'two'), target('router', 'b')] },
      two: { targets: [target('router', 'one/b')] },
    },
  });
  expect(await call('free', 'two')).toEqual({ promptClass: 'one', model: 'two' });
  expect(await call('free', 'one/b')).toEqual({ promptClass: 'two', model: 'one/b' });
});

describe('what a key may not use', () => {
  test('is a model that there is not, with the names that there are', async () => {
    expect(await call('listed', 'acme/secret')).toEqual({
      status: 404,
      code: 'model_not_found',
      type: 'invalid_request_error',
      param: 'model',
      help: 'docs/errors.md#model_not_found',
      message: expect.stringMatching(/^there is no model "acme\/secret" here; expected one of acme\/small, .*gpt-5/),
    });
    expect(await call('bound', 'cheap/gpt-5-mini')).toMatchObject({
      status: 404,
      message: expect.not.stringContaining('gpt-5-mini,'),
    });
    expect(await call('free', 'gpt-5', { 'x-trunkline-class': 'cheap' })).toMatchObject({ status: 404 });
  });

  test('is refused by policy where only its text forbids it', async () => {
    expect(await call('regulated', 'acme/small')).toMatchObject({ status: 403, code: 'policy_refused' });
    expect(await call('free', 'hidden', { 'x-trunkline-data-class': 'regulated' })).toMatchObject({ status: 403 });
  });

  test('is named within bounds', async () => {
    await side.close();
    const targets = Array.from({ length: 60 }, (_, at) => target('router', `m-${at}-${'x'.repeat(150)}`));
    await start({ classes: { many: { targets } } });
    const { message } = (await call('free', 'y'.repeat(199))) as unknown as { message: string };
    expect(message.length).toBeLessThan(2500);
    expect(message).toMatch(/ and 101 more \(GET \/v1\/models\)$/);
  });
});

describe('the list', () => {
  test('has what the key may use and its text may go to', async () => {
    expect(await listed('bound')).toEqual(['gpt-5', 'acme/small', 'fine', 'fine/gpt-5', 'fine/acme/small']);
    expect(await listed('regulated')).toEqual([
      'gpt-5-mini',
      'gpt-5',
      'cheap',
      'fine',
      'cheap/gpt-5-mini',
      'fine/gpt-5',
    ]);
    expect(await listed('free', { 'x-trunkline-class': 'hidden' })).toEqual([
      'acme/secret',
      'hidden',
      'hidden/acme/secret',
    ]);
  });

  test('follows what binds the path of calls', async () => {
    await side.close();
    await start({ routes: { '/v1/chat/completions': { class: 'fine', dataClass: 'regulated' } } });
    expect(await listed('free')).toEqual(['gpt-5', 'fine', 'fine/gpt-5']);
  });

  test.each(['free', 'listed', 'bound', 'regulated'])(
    'has only what %s can call without a header, and look up',
    async (key) => {
      for (const id of await listed(key)) {
        expect(await call(key, id)).toHaveProperty('promptClass');
        for (const path of [`/v1/models/${id}`, `/v1/models/${encodeURIComponent(id)}`]) {
          const response = await side.ask(path, { key: `secret-${key}` });
          expect([path, response.status, await response.json()]).toMatchObject([path, 200, { id, object: 'model' }]);
        }
      }
    },
  );
});

test('a model that is looked up and is not there is a 404 as it is for a call, and needs a key', async () => {
  const response = await side.ask('/v1/models/acme/secret', { key: 'secret-listed' });
  expect([response.status, await response.json()]).toMatchObject([404, { error: { code: 'model_not_found' } }]);
  expect((await side.ask('/v1/models/gpt-5')).status).toBe(401);
  expect((await side.ask('/v1/models/gpt-5', { method: 'DELETE', key: 'secret-free' })).status).toBe(405);
});

describe('fields that change nothing here', () => {
  const ask = async (key: string, headers: Record<string, string> = {}) => {
    const json = { messages, metadata: {}, phoneNumber: {} };
    const response = await side.ask('/v1/chat/completions', { method: 'POST', key: `secret-${key}`, headers, json });
    return [response.status, response.headers.get('x-trunkline-dropped')];
  };

  test('are dropped by their names, or refused, as the key says, else the class', async () => {
    await side.close();
    await start({
      classes: { cheap: classes.cheap, fine: { ...classes.fine, unknownFields: 'refuse' } },
      keys: [
        { id: 'free', secret: 'secret-free' },
        { id: 'strict', secret: 'secret-strict', unknownFields: 'refuse' },
        { id: 'loose', secret: 'secret-loose', unknownFields: 'drop', class: 'fine' },
      ],
    });
    expect(await ask('free')).toEqual([200, 'metadata, phoneNumber']);
    expect(await ask('free', { 'x-trunkline-class': 'fine' })).toEqual([400, null]);
    expect(await ask('strict')).toEqual([400, null]);
    expect(await ask('loose')).toEqual([200, 'metadata, phoneNumber']);
  });
});

describe('in a rehearsal', () => {
  const rehearse = async (file: Record<string, unknown>) => {
    await side.close();
    side = await startSideHttp({ file, router });
  };

  test('models of the providers that it plays are listed, and each that is listed can be called and looked up', async () => {
    await rehearse({});
    const names = await listed('nobody');
    expect(names).toEqual(['rehearsal', expect.stringContaining('gpt-realtime'), ...names.slice(2)]);
    expect(names).toEqual(expect.arrayContaining(['gemini-3.8-live', 'gpt-6-luna']));
    for (const name of names) {
      expect(await call('nobody', name)).toEqual({ promptClass: 'rehearsal', model: name });
      expect(await (await side.ask(`/v1/models/${name}`)).json()).toMatchObject({ id: name, owned_by: 'rehearsal' });
    }
  });

  test('a name that is not listed is looked up as well as it is called', async () => {
    await rehearse({});
    expect(await call('nobody', 'acme/any')).toEqual({ promptClass: 'rehearsal', model: 'acme/any' });
    expect((await side.ask('/v1/models/acme/any')).status).toBe(200);
  });

  test('a provider that is configured is not played, and a key is shown no model beyond its list', async () => {
    const providers = { openai: { apiKey: 'provider-secret' } };
    const some = [{ id: 'some', secret: 'secret-some', models: ['gemini/*-live'] }];
    await rehearse({ providers, keys: [keys[0], ...some], rehearsal: true });
    expect(await listed('free')).toEqual(['rehearsal', 'gemini-3.8-live', 'gemini-live-2.5-flash-preview']);
    expect(await listed('some')).toEqual(['rehearsal', 'gemini-3.8-live']);
  });

  test('classes of the configuration are listed without it', async () => {
    await rehearse({ gateways, classes, rehearsal: true });
    expect(await listed('nobody')).not.toContain('gemini-3.8-live');
  });
});
