// Tests over real sockets that the words of a class reach no endpoint in any form, and that clients of all forms get them back.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { redactStep } from '../../../../../../server/side/llm/steps/redact/redact.ts';
import { type Script, startForms } from '../../../../../support/forms-side.ts';
import { chunk, completion } from '../../../../../support/messages-form.ts';
import { type ModelEndpoint, modelEndpoint } from '../../../../../support/model-endpoint.ts';
import { type ServedGateway, serveGateway } from '../../../../../support/sdk.ts';

const WORDS = ['ada@example.com', '+49 30 23125000', '4111 1111 1111 1111', 'ORD-123456'];
const TEXT = `Mail ${WORDS.join(', ')} and ada@example.com`;
const redact = { kinds: ['email', 'phone', 'card'], patterns: { order: 'ORD-\\d{6}' } };
const HEADER = 'email=2, phone=1, card=1, order=1';

const wordsIn = (value: unknown): readonly string[] => WORDS.filter((word) => JSON.stringify(value).includes(word));

const ENDPOINTS = {
  responses: 'gpt-5-mini',
  completions: 'some/model',
  messages: 'claude-sonnet-5',
  gemini: 'gemini-3-flash',
};

interface ClientForm {
  readonly path: string;
  body(text: string): object;
  /** The text of a whole answer, and that of an event. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of three forms
  whole(answer: any): string;
  // biome-ignore lint/suspicious/noExplicitAny: events of three forms
  piece(event: any): string | undefined;
}

const CLIENTS: Readonly<Record<string, ClientForm>> = {
  'chat completions': {
    path: '/v1/chat/completions',
    body: (content) => ({ messages: [{ role: 'user', content }], user: 'ada@example.com' }),
    whole: ({ choices }) => choices[0].message.content,
    piece: ({ choices }) => choices?.[0]?.delta.content,
  },
  responses: {
    path: '/v1/responses',
    body: (input) => ({ input, store: false, metadata: { by: 'ada@example.com' } }),
    whole: ({ output }) => output.find(({ type }: { type: string }) => type === 'message').content[0].text,
    piece: ({ type, delta }) => (type === 'response.output_text.delta' ? delta : undefined),
  },
  messages: {
    path: '/v1/messages',
    body: (content) => ({ max_tokens: 100, messages: [{ role: 'user', content }], system: 'For ada@example.com.' }),
    whole: ({ content }) => content[0].text,
    piece: ({ delta }) => delta?.text,
  },
};

describe('A whole gateway', () => {
  let endpoint: ModelEndpoint;
  let gateway: ServedGateway;
  beforeAll(async () => {
    endpoint = await modelEndpoint();
    const classes = Object.fromEntries(
      Object.entries(ENDPOINTS).map(([name, model]) => [name, { targets: [{ gateway: name, model }], redact }]),
    );
    gateway = await serveGateway({
      gateways: endpoint.gateways,
      classes,
      keys: [{ id: 'app', secret: 'app-secret' }],
    });
  }, 180_000);
  afterAll(async () => {
    await gateway?.close();
    await endpoint?.close();
  });

  const ask = (path: string, json: object) =>
    fetch(gateway.http + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer app-secret' },
      body: JSON.stringify(json),
    });
  const lastSeen = () => endpoint.seen.at(-1)?.body;

  describe.each(Object.entries(CLIENTS))('for a client of %s', (_, form) => {
    test.each(Object.keys(ENDPOINTS))(
      'sends placeholders to an endpoint of %s, and gives the words back',
      async (model) => {
        const reply = await ask(form.path, { model, ...form.body(TEXT) });
        expect(form.whole(await reply.json())).toBe(`You wrote: ${TEXT}`);
        expect(wordsIn(lastSeen())).toEqual([]);
        expect(JSON.stringify(lastSeen())).toContain('[email-1], [phone-1], [card-1], [order-1] and [email-1]');
        expect(reply.headers.get('x-trunkline-redacted')).toContain('email=');
      },
    );

    test.each(Object.keys(ENDPOINTS))('streams from an endpoint of %s with the words', async (model) => {
      const reply = await ask(form.path, { model, stream: true, ...form.body(TEXT) });
      const data = [...(await reply.text()).matchAll(/^data: (\{.*)$/gm)].map(([, json = '']) => JSON.parse(json));
      expect(data.map((event) => form.piece(event) ?? '').join('')).toBe(`You wrote: ${TEXT}`);
      expect(wordsIn(lastSeen())).toEqual([]);
      expect(reply.headers.get('x-trunkline-redacted')).toContain('email=');
    });
  });

  test('stores a response with the words of its client, and a response that follows it sends placeholders again', async () => {
    const first = await ask('/v1/responses', { model: 'completions', input: TEXT });
    const { id } = (await first.json()) as { id: string };
    const items = await fetch(`${gateway.http}/v1/responses/${id}/input_items`, {
      headers: { authorization: 'Bearer app-secret' },
    });
    expect(wordsIn(await items.json())).toEqual(WORDS);
    await ask('/v1/responses', { model: 'completions', input: 'And?', previous_response_id: id });
    expect(wordsIn(lastSeen())).toEqual([]);
    expect(JSON.stringify(lastSeen())).toContain('You wrote: Mail [email-1]');
  });

  test('makes a summary of its own where a target would seal the placeholders', async () => {
    const reply = await ask('/v1/responses/compact', { model: 'responses', input: TEXT });
    expect(reply.status).toBe(200);
    expect(endpoint.seen.at(-1)?.form).toBe('responses');
    expect(wordsIn(lastSeen())).toEqual([]);
  });
});

describe('One class', () => {
  let side: Awaited<ReturnType<typeof startForms>>;
  const target = { targets: [{ gateway: 'openai', model: 'gpt-5-mini' }] };
  beforeAll(async () => {
    side = await startForms(
      {
        classes: {
          careful: { ...target, redact },
          passing: { ...target, redact: { kinds: ['email'], unreadable: 'pass' } },
          slow: { ...target, redact: { patterns: { slow: '(a+)+b' } } },
          chat: { targets: [{ gateway: 'chat', model: 'some-model' }], redact },
          plain: target,
        },
      },
      [redactStep],
    );
  });
  afterAll(() => side?.close());

  const ask = (path: string, json: object) => side.ask(path, { method: 'POST', key: 'app-secret', json });
  const chat = (model: string, fields: object) => ask('/v1/chat/completions', { model, ...fields });
  const lastRow = async () => (await side.store.settled()).at(-1);
  const saying =
    (content: string): Script =>
    () => ({ body: completion({ content }) });

  test('has counts in its row, in the header, and nothing of the words', async () => {
    side.script(saying('To [email-1].'));
    const reply = await chat('careful', { messages: [{ role: 'user', content: TEXT }] });
    expect(await reply.json()).toMatchObject({ choices: [{ message: { content: 'To ada@example.com.' } }] });
    expect(reply.headers.get('x-trunkline-redacted')).toBe(HEADER);
    const row = await lastRow();
    expect(row?.redacted).toEqual({ email: 2, phone: 1, card: 1, order: 1 });
    expect(wordsIn(row)).toEqual([]);
  });

  test('passes the bytes of an answer, but for where a placeholder stands', async () => {
    const later = { of_a_later_version: { at: 1.5 } };
    side.script(() => ({ body: { ...completion({ content: 'To [email-1].' }), ...later } }));
    const reply = await chat('careful', { messages: [{ role: 'user', content: TEXT }] });
    expect(await reply.text()).toBe(JSON.stringify({ ...completion({ content: 'To ada@example.com.' }), ...later }));
  });

  test('says nothing of a call without such words', async () => {
    side.script(saying('Fine.'));
    const reply = await chat('careful', { messages: [{ role: 'user', content: 'Hello [email-1]' }] });
    expect([reply.headers.has('x-trunkline-redacted'), (await lastRow())?.redacted]).toEqual([false, undefined]);
  });

  test('leaves a class beside it as it is', async () => {
    side.script(saying('Fine.'));
    await chat('plain', { messages: [{ role: 'user', content: TEXT }] });
    expect(wordsIn(side.seen[0]?.body)).toEqual(WORDS);
  });

  test('gives the words back in the last event of a stream that breaks off', async () => {
    side.script(() => ({ body: `data: ${JSON.stringify(chunk({ content: 'To [email-1] and [ema' }))}\n\n` }));
    const reply = await ask('/v1/responses', { model: 'chat', input: TEXT, stream: true, store: false });
    const text = await reply.text();
    expect(text).toContain('"To ada@example.com and [ema"');
    expect(text).toContain('response.failed');
    expect(text).not.toContain('[email-1]');
  });

  test.each([
    ['/v1/embeddings', { input: [TEXT, 'x'] }],
    ['/v1/moderations', { input: TEXT }],
  ])('%s: sends no word', async (path, fields) => {
    side.script(() => ({ body: { data: [], results: [], usage: { prompt_tokens: 1, total_tokens: 1 } } }));
    const reply = await ask(path, { model: 'careful', ...fields });
    expect([reply.status, side.seen.length]).toEqual([200, 1]);
    expect(wordsIn(side.seen[0]?.body)).toEqual([]);
    expect(reply.headers.get('x-trunkline-redacted')).toBe(HEADER);
  });

  test('refuses a call with an image, whose words nobody can read, unless it may pass', async () => {
    side.script(saying('Fine.'));
    const content = [{ type: 'image_url', image_url: { url: 'https://x.example/i.png' } }];
    const refused = await chat('careful', { messages: [{ role: 'user', content }] });
    expect([refused.status, await refused.json(), side.seen]).toMatchObject([
      403,
      {
        error: {
          code: 'policy_refused',
          param: 'messages[0].content[0]',
          message:
            'messages[0].content[0]: the words of images cannot be read here; expected text, since the class redacts (redact.unreadable: pass lets it pass)',
        },
      },
      [],
    ]);
    expect((await chat('passing', { messages: [{ role: 'user', content }] })).status).toBe(200);
  });

  test('sends nothing where a pattern is too slow on a call', async () => {
    side.script(saying('Fine.'));
    const reply = await chat('slow', { messages: [{ role: 'user', content: `${'a'.repeat(50_000)}c` }] });
    expect([reply.status, side.seen]).toEqual([400, []]);
    expect(await reply.json()).toMatchObject({ error: { message: expect.stringContaining('longer than 200 ms') } });
  });
});
