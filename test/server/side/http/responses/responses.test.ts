// Tests whole responses over real sockets: kept, got again, continued, listed and deleted, by the key that made them alone.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerAtOnce, errorOf, startResponses } from '../../../../support/responses-side.ts';
import { until } from '../../../../support/until.ts';

let side: Awaited<ReturnType<typeof startResponses>>;
beforeAll(async () => {
  side = await startResponses();
});
afterAll(() => side?.close());

const ID = /^resp_[0-9a-f]{32}$/;

describe('a whole response', () => {
  test('has an id of the gateway, is got again by its key, and by no other', async () => {
    side.script(answerAtOnce);
    const made = await side.client().responses.create({ model: 'm', input: 'Hello', store: true });
    expect(made.id).toMatch(ID);
    expect(made.output_text).toBe('A scripted answer.');
    const again = await until(async () =>
      side
        .client()
        .responses.retrieve(made.id)
        .catch(() => undefined),
    );
    expect(again).toMatchObject({ id: made.id, status: 'completed', store: true, output: made.output });
    const foreign = await side.get(made.id, 'other-secret');
    expect([foreign.status, (await errorOf(foreign)).code]).toEqual([404, 'response_not_found']);
  });

  test('counts for the user that it names', async () => {
    side.script(answerAtOnce);
    await side.client().responses.create({ model: 'm', input: 'Hello', safety_identifier: 'ann' });
    expect(side.lastAnswer().call.endUser).toBe('ann');
  });

  test('with store: false it passes as it came, and nothing is kept', async () => {
    side.script(answerAtOnce);
    const made = await side.client().responses.create({ model: 'm', input: 'Hello', store: false });
    expect(made.id).toBe('resp_upstream');
    expect((await side.get(made.id)).status).toBe(404);
  });

  test('of a key whose text is not kept nothing is kept, and to demand it is an error that says why', async () => {
    side.script(answerAtOnce);
    const made = await side.client('quiet-secret').responses.create({ model: 'm', input: 'Hello' });
    expect((await side.get(made.id, 'quiet-secret')).status).toBe(404);
    for (const field of ['store', 'background']) {
      const reply = await side.ask({ input: 'Hello', [field]: true }, 'quiet-secret');
      expect([reply.status, await errorOf(reply)]).toMatchObject([400, { code: 'not_stored', param: field }]);
    }
  });

  test('its input items are listed in pages, the newest first', async () => {
    side.script(answerAtOnce);
    const input = ['one', 'two', 'three'].map((content) => ({ role: 'user' as const, content }));
    const { id } = await side.client().responses.create({ model: 'm', input });
    const texts: string[] = [];
    await until(async () => (await side.get(id)).status === 200);
    for await (const item of side.client().responses.inputItems.list(id, { limit: 2 })) {
      if (item.type === 'message') texts.push((item.content[0] as { text: string }).text);
    }
    expect(texts).toEqual(['three', 'two', 'one']);
    const ascending = await side.client().responses.inputItems.list(id, { order: 'asc', limit: 1 });
    expect([ascending.data[0]?.type, ascending.has_more]).toEqual(['message', true]);
    for (const [query, param] of [
      ['limit=0', 'limit'],
      ['order=up', 'order'],
      ['after=none', 'after'],
    ]) {
      const reply = await side.get(`${id}/input_items?${query}`);
      expect([reply.status, (await errorOf(reply)).param]).toEqual([400, param]);
    }
  });

  test('its input items have no credentials of the tools that came in them, which the endpoint is told', async () => {
    side.script(answerAtOnce);
    const mcp = { type: 'mcp', server_label: 'wiki', server_url: 'https://wiki.example' };
    const opened = { ...mcp, authorization: 'wiki-secret', headers: { 'x-key': 'wiki-secret' } };
    const input = [
      {
        type: 'additional_tools',
        role: 'developer',
        tools: [opened, { type: 'namespace', name: 'n', tools: [opened] }],
      },
      { type: 'tool_search_output', call_id: 'c', execution: 'client', tools: [opened] },
      { role: 'user', content: 'Look it up' },
    ];
    const { id } = (await (await side.ask({ input })).json()) as { id: string };
    expect(JSON.stringify(side.lastAnswer().call.llm.native)).toContain('wiki-secret');
    await until(async () => (await side.get(id)).status === 200);
    const listed = await (await side.get(`${id}/input_items?order=asc`)).text();
    expect(JSON.parse(listed).data).toMatchObject([
      { type: 'additional_tools', tools: [mcp, { type: 'namespace', name: 'n', tools: [mcp] }] },
      { type: 'tool_search_output', tools: [mcp] },
      { type: 'message' },
    ]);
    expect(listed).not.toContain('wiki-secret');
  });

  test('a deleted response is gone', async () => {
    side.script(answerAtOnce);
    const { id } = await side.client().responses.create({ model: 'm', input: 'Hello' });
    expect((await side.delete(id, 'other-secret')).status).toBe(404);
    const gone = await side.delete(id);
    expect(await gone.json()).toEqual({ id, object: 'response', deleted: true });
    expect((await side.get(id)).status).toBe(404);
  });

  test('was never streamed, which is said to whoever wants its events', async () => {
    side.script(answerAtOnce);
    const { id } = await side.client().responses.create({ model: 'm', input: 'Hello' });
    await until(async () => (await side.get(id)).status === 200);
    const reply = await side.get(`${id}?stream=true`);
    expect([reply.status, (await errorOf(reply)).code]).toEqual([410, 'response_not_kept']);
  });
});

describe('a response that continues another', () => {
  test('is told the items of all before it', async () => {
    side.script(answerAtOnce);
    const first = await side.client().responses.create({ model: 'm', input: 'First question' });
    const second = await side
      .client()
      .responses.create({ model: 'm', input: 'Second', previous_response_id: first.id });
    const third = await side.client().responses.create({ model: 'm', input: 'Third', previous_response_id: second.id });
    expect(third.previous_response_id).toBe(second.id);
    const asked = JSON.stringify(side.lastAnswer().call.llm.messages);
    const words = ['First question', 'A scripted answer.', 'Second', 'A scripted answer.', 'Third'];
    expect(asked).toMatch(new RegExp(words.join('.*')));
    expect(asked).not.toContain('"id"');
    const items = await side.client().responses.inputItems.list(third.id, { order: 'asc' });
    expect(items.data).toHaveLength(5);
  });

  test.each([
    ['unknown', async () => 'resp_00000000000000000000000000000000'],
    ['of another key', async () => (await side.client('other-secret').responses.create({ model: 'm', input: 'x' })).id],
    [
      'behind a deleted one',
      async () => {
        const first = await side.client().responses.create({ model: 'm', input: 'x' });
        const next = await side.client().responses.create({ model: 'm', input: 'x', previous_response_id: first.id });
        await side.client().responses.delete(first.id);
        return next.id;
      },
    ],
  ])('is refused in the words of OpenAI where that is %s', async (_, make) => {
    side.script(answerAtOnce);
    const previous = await make();
    const calls = side.answers.length;
    const reply = await side.ask({ input: 'Hello', previous_response_id: previous });
    const expected = { code: 'previous_response_not_found', param: 'previous_response_id' };
    expect([reply.status, await errorOf(reply)]).toMatchObject([400, expected]);
    expect(side.answers).toHaveLength(calls);
  });
});

describe('an item that is referred to', () => {
  const refer = (id: string) => [
    { type: 'item_reference', id },
    { role: 'user', content: 'Go on' },
  ];

  test('stands in its place, without its id, in the call and in what is kept', async () => {
    side.script(answerAtOnce);
    for (const isStreamed of [false, true]) {
      const first = await side.ask({ input: 'First question', stream: isStreamed });
      expect(await first.text()).toContain('msg_upstream');
      const made = await side.ask({ input: refer('msg_upstream') });
      const asked = JSON.stringify(side.lastAnswer().call.llm.messages);
      expect(asked).toMatch(/A scripted answer\.|w0 w1 w2/);
      expect(asked).not.toMatch(/msg_upstream|item_reference/);
      const { id } = (await made.json()) as { id: string };
      const items = await side.client().responses.inputItems.list(id, { order: 'asc' });
      expect(items.data.map((item) => 'role' in item && item.role)).toEqual(['assistant', 'user']);
    }
  });

  test.each([
    ['of nobody', 'msg_none', 'web-secret'],
    ['of another key', 'msg_upstream', 'quiet-secret'],
  ])('is refused in the words of OpenAI where it is %s', async (_, item, key) => {
    side.script(answerAtOnce);
    await side.client().responses.create({ model: 'm', input: 'x' });
    const calls = side.answers.length;
    const reply = await side.ask({ input: refer(item) }, key);
    expect([reply.status, await errorOf(reply)]).toMatchObject([404, { code: 'item_not_found', param: 'input[0].id' }]);
    expect(side.answers).toHaveLength(calls);
  });

  test('is gone with its response', async () => {
    side.script(answerAtOnce);
    const { id } = await side.client('other-secret').responses.create({ model: 'm', input: 'x' });
    const refers = { input: refer('msg_upstream'), store: false };
    expect((await side.ask(refers, 'other-secret')).status).toBe(200);
    const kept = await side.store.itemResponses(['msg_upstream']);
    for (const row of kept.filter(({ key }) => key === 'other')) await side.delete(row.id, 'other-secret');
    expect(kept.map((row) => row.id)).toContain(id);
    expect((await side.ask(refers, 'other-secret')).status).toBe(404);
  });
});
