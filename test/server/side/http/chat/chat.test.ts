// Chat completions through the gateway, asked by the official SDK as it comes: answers, streams, and errors of the right class.

import OpenAI from 'openai';
import { afterEach, describe, expect, test } from 'vitest';
import type { Router } from '../../../../../server/side/llm/call.ts';
import { aFailure, answered, scriptedRouter, startSideHttp, type TestSide } from '../../../../support/side-http.ts';
import { until } from '../../../../support/until.ts';

const classes = {
  commodity: { targets: [{ gateway: 'router', model: 'some/model' }], maxTokens: 77 },
  premium: { targets: [{ gateway: 'router', model: 'other/model' }] },
  spare: {
    targets: [
      { gateway: 'router', model: 'other/model' },
      { gateway: 'router', model: 'third/model' },
    ],
  },
};
const gateways = {
  router: { profile: 'openai-compatible', baseUrl: 'https://llm.example.com/v1', apiKey: 'llm-secret' },
};
const keys = [
  { id: 'web', secret: 'secret-of-web', team: 'apps' },
  { id: 'bound', secret: 'secret-of-bound', class: 'premium', dataClass: 'regulated' },
  { id: 'some', secret: 'secret-of-some', classes: ['realtime', 'premium', 'spare'] },
];
const messages = [{ role: 'user' as const, content: 'Hello' }];
let side: TestSide;

afterEach(() => side.close());

const sdk = (apiKey = 'secret-of-web', more = {}) =>
  new OpenAI({ baseURL: `${side.http}/v1`, apiKey, maxRetries: 0, ...more });

async function start(router: Router, more: Record<string, unknown> = {}): Promise<void> {
  side = await startSideHttp({ file: { gateways, classes, keys, ...more }, router });
}

const chunk = (content: string) =>
  Buffer.from(
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`,
  );

describe('the official SDK', () => {
  test('gets an answer, and the names of the gateway and the model that gave it', async () => {
    const router = scriptedRouter(async () => answered('Good day'));
    await start(router);
    const { data, response } = await sdk()
      .chat.completions.create({ model: 'some/model', messages, temperature: 0.5, seed: 7 })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('Good day');
    expect(response.headers.get('x-trunkline-served-model')).toBe('some/model');
    expect(response.headers.get('x-trunkline-gateway')).toBe('router');
    expect(response.headers.get('x-trunkline-attempt')).toBe('0190-attempt');
    expect(response.headers.get('x-trunkline-max-tokens')).toBe('77');
    expect(response.headers.get('x-trunkline-rehearsal')).toBeNull();
    expect(router.calls[0]).toMatchObject({
      kind: 'chat',
      promptClass: 'commodity',
      dataClass: 'open',
      key: 'web',
      team: 'apps',
      model: 'some/model',
      llm: { messages, maxTokens: 77, temperature: 0.5, isStreamed: false, extra: { seed: 7 } },
    });
  });

  test('gets the bytes of the LLM gateway as they are where their form is the same', async () => {
    const bytes = Buffer.from('{ "choices" : [ {"message": {"content": "Gr\\u00fc\u00df dich"}} ] }\n');
    await start(scriptedRouter(async () => answered('Gr\u00fc\u00df dich', { bytes })));
    const response = await sdk().chat.completions.create({ model: 'some/model', messages }).asResponse();
    expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
  });

  test('gets a stream piece by piece, before it has ended', async () => {
    const last = Promise.withResolvers<void>();
    await start(
      scriptedRouter(async (_, sink) => {
        sink?.begin({ gateway: 'router', model: 'some/model', attempt: 'a1' });
        sink?.write(chunk('Good'));
        await last.promise;
        sink?.write(chunk(' day'));
        sink?.write(Buffer.from('data: [DONE]\n\n'));
        return answered('Good day', { completion: {} });
      }),
    );
    const { data, response } = await sdk()
      .chat.completions.create({ model: '*', messages, stream: true, stream_options: { include_usage: true } })
      .withResponse();
    expect(response.headers.get('x-trunkline-served-model')).toBe('some/model');
    let text = '';
    for await (const piece of data) {
      text += piece.choices[0]?.delta.content ?? '';
      if (text === 'Good') last.resolve();
    }
    expect(text).toBe('Good day');
  });

  test('learns that a stream broke off', async () => {
    await start(
      scriptedRouter(async (_, sink) => {
        sink?.begin({ gateway: 'router', model: 'some/model', attempt: 'a1' });
        sink?.write(chunk('Good'));
        return aFailure('upstream_failed');
      }),
    );
    const stream = await sdk().chat.completions.create({ model: '*', messages, stream: true });
    const heard: unknown[] = [];
    const listening = (async () => {
      for await (const piece of stream) heard.push(piece);
    })();
    await expect(listening).rejects.toThrow('it was upstream_failed');
    expect(heard).toHaveLength(1);
  });

  test.each([
    ['unknown_class', 400, OpenAI.BadRequestError],
    ['invalid_request', 400, OpenAI.BadRequestError],
    ['budget_exceeded', 402, OpenAI.APIError],
    ['too_expensive', 402, OpenAI.APIError],
    ['policy_refused', 403, OpenAI.PermissionDeniedError],
    ['price_unknown', 403, OpenAI.PermissionDeniedError],
    ['rate_limited', 429, OpenAI.RateLimitError],
    ['no_gateway', 501, OpenAI.InternalServerError],
    ['upstream_failed', 502, OpenAI.InternalServerError],
    ['upstream_timeout', 504, OpenAI.InternalServerError],
    ['store_unavailable', 503, OpenAI.InternalServerError],
  ] as const)('throws what it throws for OpenAI: %s is %i', async (code, status, kind) => {
    await start(scriptedRouter(async () => aFailure(code)));
    const failed = await sdk()
      .chat.completions.create({ model: '*', messages })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(kind);
    expect(failed).toMatchObject({ status, code, message: `${status} it was ${code}`, param: null });
  });

  test('is told when a budget resets, and does not repeat the call', async () => {
    const resetsAt = Date.now() + 3_600_000;
    const router = scriptedRouter(async () => aFailure('budget_exceeded', { resetsAt, isTransient: true }));
    await start(router);
    const failed = await sdk('secret-of-web', { maxRetries: 2 })
      .chat.completions.create({ model: '*', messages })
      .catch((error: unknown) => error as InstanceType<typeof OpenAI.APIError>);
    expect(failed).toBeInstanceOf(OpenAI.RateLimitError);
    expect(failed).toMatchObject({ error: { resets_at: new Date(resetsAt).toISOString() } });
    const wait = Number((failed as { headers: Headers }).headers.get('retry-after'));
    expect(wait).toBeGreaterThan(3_500);
    expect(router.calls).toHaveLength(1);
  });

  test('repeats a call that may go better', async () => {
    let failures = 1;
    const fail = () => aFailure('upstream_failed', { isTransient: true, retryAfterMs: 1 });
    await start(scriptedRouter(async () => (failures-- > 0 ? fail() : answered('Here'))));
    const again = await sdk('secret-of-web', { maxRetries: 1 }).chat.completions.create({ model: '*', messages });
    expect(again.choices[0]?.message.content).toBe('Here');
  });

  test('is refused with a wrong key', async () => {
    await start(scriptedRouter(async () => answered('never')));
    const refused = sdk('wrong').chat.completions.create({ model: '*', messages });
    await expect(refused).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  });

  test('lists the models of the classes that its key may use', async () => {
    await start(scriptedRouter(async () => answered('never')));
    const idsOf = async (key: string) => (await sdk(key).models.list()).data.map(({ id }) => id);
    const ofClasses = ['premium', 'spare', 'premium/other/model', 'spare/other/model', 'spare/third/model'];
    expect(await idsOf('secret-of-web')).toEqual([
      ...['some/model', 'other/model', 'third/model'],
      ...['commodity', 'premium', 'spare', 'commodity/some/model', ...ofClasses.slice(2)],
    ]);
    expect(await idsOf('secret-of-some')).toEqual(['other/model', 'third/model', ...ofClasses]);
    // Its text is regulated, and the gateway is a router.
    expect(await idsOf('secret-of-bound')).toEqual([]);
  });
});

describe('the class of a call', () => {
  const post = (headers: Record<string, string>, key = 'secret-of-web') =>
    side.ask('/v1/chat/completions', { method: 'POST', key, headers, json: { messages } });

  test('is that of the header; an unknown one is refused with the list of classes', async () => {
    const router = scriptedRouter(async () => answered('yes'));
    await start(router);
    expect((await post({ 'x-trunkline-class': 'premium' })).status).toBe(200);
    expect(router.calls[0]).toMatchObject({ promptClass: 'premium', llm: { maxTokens: undefined } });
    const refused = await post({ 'x-trunkline-class': 'constructor' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toEqual({
      error: {
        type: 'invalid_request_error',
        code: 'unknown_class',
        param: 'x-trunkline-class',
        message: 'expected one of the classes commodity, premium, spare, got "constructor"',
        help: 'docs/errors.md#unknown_class',
      },
    });
    expect(router.calls).toHaveLength(1);
  });

  test('is that which its key is bound to, and no other', async () => {
    const router = scriptedRouter(async () => answered('yes'));
    await start(router);
    expect((await post({}, 'secret-of-bound')).status).toBe(200);
    expect((await post({ 'x-trunkline-class': 'premium' }, 'secret-of-bound')).status).toBe(200);
    expect((await post({ 'x-trunkline-class': 'commodity' }, 'secret-of-bound')).status).toBe(400);
    expect(router.calls.map(({ promptClass }) => promptClass)).toEqual(['premium', 'premium']);
  });

  test('is one that its key may use, the first where none is named', async () => {
    const router = scriptedRouter(async () => answered('yes'));
    await start(router);
    expect((await post({}, 'secret-of-some')).status).toBe(200);
    expect((await post({ 'x-trunkline-class': 'spare' }, 'secret-of-some')).status).toBe(200);
    expect(router.calls.map(({ promptClass }) => promptClass)).toEqual(['premium', 'spare']);
    const refused = await post({ 'x-trunkline-class': 'commodity' }, 'secret-of-some');
    expect(refused.status).toBe(403);
    expect(await refused.json()).toEqual({
      error: {
        type: 'permission_error',
        code: 'class_not_allowed',
        param: 'x-trunkline-class',
        message: 'this key may use the classes realtime, premium, spare, got "commodity"',
        help: 'docs/errors.md#class_not_allowed',
      },
    });
    expect((await post({ 'x-trunkline-class': 'nobody' }, 'secret-of-some')).status).toBe(400);
    expect(router.calls).toHaveLength(2);
  });

  test('is that of its path, which no header can change', async () => {
    const router = scriptedRouter(async () => answered('yes'));
    await start(router, { routes: { '/v1/chat/completions': { class: 'spare' } } });
    expect((await post({})).status).toBe(200);
    const refused = await post({ 'x-trunkline-class': 'premium' });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { message: 'this path is bound to the class spare, got "premium"' },
    });
    expect((await post({}, 'secret-of-bound')).status).toBe(200);
    expect(router.calls.map(({ promptClass }) => promptClass)).toEqual(['spare', 'premium']);
  });

  test('has a data class that a client can only tighten', async () => {
    const router = scriptedRouter(async () => answered('yes'));
    await start(router);
    await post({});
    await post({ 'x-trunkline-data-class': 'regulated' });
    await post({}, 'secret-of-bound');
    expect(router.calls.map(({ dataClass }) => dataClass)).toEqual(['open', 'regulated', 'regulated']);
    const loosened = await post({ 'x-trunkline-data-class': 'open' }, 'secret-of-bound');
    expect([loosened.status, ((await loosened.json()) as { error: object }).error]).toEqual([
      400,
      {
        type: 'invalid_request_error',
        code: 'invalid_request',
        param: 'x-trunkline-data-class',
        message: 'expected regulated, got "open"',
        help: 'docs/errors.md#invalid_request',
      },
    ]);
    expect((await post({ 'x-trunkline-data-class': 'secret' })).status).toBe(400);
  });

  test('does not exist where nothing is configured, and a 501 says what to configure', async () => {
    await start(
      scriptedRouter(async () => answered('never')),
      { gateways: {}, classes: {}, keys: keys.slice(0, 1) },
    );
    const answer = await post({});
    expect(answer.status).toBe(501);
    expect(await answer.json()).toMatchObject({ error: { code: 'no_gateway', type: 'server_error' } });
  });
});

test('the rehearsal answers where no gateway is configured, and its answer is marked', async () => {
  const router = scriptedRouter(async () => answered('It', { gateway: 'rehearsal', isRehearsal: true }));
  side = await startSideHttp({ router });
  const answer = await side.ask('/v1/chat/completions', { method: 'POST', json: { messages } });
  expect(answer.headers.get('x-trunkline-rehearsal')).toBe('true');
  expect(router.calls[0]).toMatchObject({ promptClass: 'rehearsal', isRehearsal: true, key: undefined });
});

test('the call is aborted when its client leaves', async () => {
  const router = scriptedRouter(
    (call) => new Promise((resolve) => call.signal.addEventListener('abort', () => resolve(aFailure('cancelled')))),
  );
  await start(router);
  const leave = new AbortController();
  const asking = sdk().chat.completions.create({ model: '*', messages }, { signal: leave.signal });
  asking.catch(() => {});
  await until(() => router.calls.length === 1);
  expect(router.calls[0]?.signal.aborted).toBe(false);
  leave.abort();
  await until(() => router.calls[0]?.signal.aborted === true);
});
