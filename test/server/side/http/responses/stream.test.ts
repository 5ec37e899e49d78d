// Tests streamed responses over real sockets: read again from any event, alive without their clients, in the background, and cancelled.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerAtOnce, errorOf, eventsOf, startResponses } from '../../../../support/responses-side.ts';
import { until } from '../../../../support/until.ts';

let side: Awaited<ReturnType<typeof startResponses>>;
beforeAll(async () => {
  side = await startResponses({ runs: { orphanMs: 400 } });
});
afterAll(() => side?.close());

const ID = /^resp_[0-9a-f]{32}$/;

describe('a streamed response', () => {
  test('comes as it is made, with headers that say who serves, and is read again from any event', async () => {
    side.script(() => {});
    const asked = side.ask({ input: 'Hello', stream: true });
    await until(() => side.answers.at(-1)?.call.llm.isStreamed);
    const answer = side.lastAnswer();
    answer.begin();
    const reply = await asked;
    expect(reply.headers.get('x-trunkline-gateway')).toBe('router');
    answer.say(5);
    answer.complete();
    const events = await eventsOf(reply);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at));
    const id = events[0]?.response?.id ?? '';
    expect([id, events.at(-1)]).toMatchObject([
      expect.stringMatching(ID),
      { type: 'response.completed', response: { id } },
    ]);
    for (const after of [-1, 0, 3, events.length - 1]) {
      const again = await side.get(`${id}?stream=true${after < 0 ? '' : `&starting_after=${after}`}`);
      expect(await eventsOf(again)).toEqual(events.slice(after + 1));
    }
    expect(await (await side.get(id)).json()).toMatchObject({ id, status: 'completed' });
    const future = await side.get(`${id}?stream=true&starting_after=${events.length}`);
    expect([future.status, await errorOf(future)]).toMatchObject([400, { param: 'starting_after' }]);
    expect((await side.get(`${id}?stream=true&starting_after=x`)).status).toBe(400);
    expect((await side.get(`${id}?stream=true`, 'other-secret')).status).toBe(404);
  });

  test('a call that comes to nothing is a plain error, and no response', async () => {
    side.script((answer) => answer.fail('upstream_failed'));
    const reply = await side.ask({ input: 'Hello', stream: true });
    expect([reply.status, (await errorOf(reply)).code]).toEqual([502, 'upstream_failed']);
  });

  test('one that breaks off ends with an event that says so, and is got as failed', async () => {
    side.script((answer) => {
      answer.begin();
      answer.say(2);
      answer.fail('upstream_timeout');
    });
    const events = await eventsOf(await side.ask({ input: 'Hello', stream: true }));
    const response = { status: 'failed', error: { code: 'upstream_timeout' } };
    expect(events.at(-1)).toMatchObject({ type: 'response.failed', sequence_number: 3, response });
    expect(await (await side.get(events[0]?.response?.id ?? '')).json()).toMatchObject(response);
  });

  test('goes on when its client is gone, for whoever comes back', async () => {
    side.script(() => {});
    const controller = new AbortController();
    const asked = side.ask({ input: 'Hello', stream: true }, 'web-secret', { signal: controller.signal });
    const before = side.answers.length;
    await until(() => side.answers.length > before);
    const answer = side.lastAnswer();
    answer.begin();
    const reader = (await asked).body?.getReader();
    const first = Buffer.from((await reader?.read())?.value ?? []).toString();
    const id = /"id":"(resp_[0-9a-f]+)"/.exec(first)?.[1] ?? '';
    controller.abort();
    const two = [side.get(`${id}?stream=true&starting_after=0`), side.get(`${id}?stream=true`)];
    answer.say(3);
    answer.complete();
    const [resumed, whole] = await Promise.all(two.map(async (reply) => eventsOf(await reply)));
    expect(resumed?.map(({ delta }) => delta).filter(Boolean)).toEqual(['w0 ', 'w1 ', 'w2 ']);
    expect(whole).toHaveLength((resumed?.length ?? 0) + 1);
  });

  test('that nobody reads for runs.orphanMs is cancelled', async () => {
    side.script((answer) => answer.begin());
    const controller = new AbortController();
    await side.ask({ input: 'Hello', stream: true }, 'web-secret', { signal: controller.signal });
    const { call } = side.lastAnswer();
    expect(call.signal.aborted).toBe(false);
    controller.abort();
    await until(() => call.signal.aborted);
  });
});

describe('a response in the background', () => {
  test('is queued at once, goes on without readers, and is polled to its end', async () => {
    side.script(() => {});
    const made = await side.client().responses.create({ model: 'm', input: 'Hello', background: true });
    expect(made).toMatchObject({ id: expect.stringMatching(ID), status: 'queued', background: true, output: [] });
    const answer = side.lastAnswer();
    expect(answer.call.llm.isStreamed).toBe(true);
    answer.begin();
    expect(await side.client().responses.retrieve(made.id)).toMatchObject({ status: 'in_progress' });
    const events = side.client().responses.retrieve(made.id, { stream: true });
    await new Promise((resolve) => setTimeout(resolve, 600));
    answer.complete('Done.');
    expect(await side.client().responses.retrieve(made.id)).toMatchObject({
      status: 'completed',
      output_text: 'Done.',
    });
    const types: string[] = [];
    for await (const { type } of await events) types.push(type);
    expect(types).toEqual(['response.created', 'response.output_item.done', 'response.completed']);
  });

  test('is cancelled with what it has, ends its stream with an event, and stays as it is', async () => {
    side.script(() => {});
    const stream = await side.client().responses.create({ model: 'm', input: 'Hello', background: true, stream: true });
    const answer = side.lastAnswer();
    answer.begin();
    answer.say(2);
    const seen: Awaited<ReturnType<typeof eventsOf>> = [];
    let cancelled: unknown;
    for await (const event of stream) {
      seen.push(event as unknown as (typeof seen)[number]);
      const id = seen[0]?.response?.id ?? '';
      if (event.type === 'response.output_text.delta' && cancelled === undefined)
        cancelled = await side.client().responses.cancel(id);
    }
    expect(cancelled).toMatchObject({ status: 'cancelled', error: null });
    expect(seen.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'cancelled' } });
    expect(await side.client().responses.cancel(seen[0]?.response?.id ?? '')).toMatchObject({ status: 'cancelled' });
  });

  test('with store: false it is there until its log goes, and nothing continues it', async () => {
    side.script(answerAtOnce);
    const made = await side.client().responses.create({ model: 'm', input: 'Hello', background: true, store: false });
    await until(async () => (await side.client().responses.retrieve(made.id)).status === 'completed');
    const reply = await side.ask({ input: 'Hello', previous_response_id: made.id });
    expect((await errorOf(reply)).code).toBe('previous_response_not_found');
  });
});
