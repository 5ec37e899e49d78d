// Tests over real processes what a drain tells: the events of a session, webhooks, and the dialects that have a word for it.

import { afterAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { openClient } from '../../../support/gateway.ts';
import { message } from '../../../support/inbox.ts';
import { startProvider } from '../../../support/provider.ts';
import { serve } from '../../../support/served.ts';
import { until } from '../../../support/until.ts';
import { receiver, status } from '../../../support/webhook-receiver.ts';

const ended: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** Reads the events of a session until the stream ends. */
async function eventsOf(url: string, id: string): Promise<{ readonly text: () => string }> {
  let text = '';
  const response = await fetch(`${url.replace('ws', 'http')}/v1/sessions/${id}/events`);
  void (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => {});
  return { text: () => text };
}

const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';

test('a drain tells the events of a session, webhooks, and a client of Gemini', async () => {
  const provider = await startProvider();
  ended.push(() => provider.close());
  const hook = await receiver((response) => status(204)(response));
  const gateway = await serve({
    provider: provider.url,
    limits: { drainMs: 60_000 },
    webhooks: [{ url: hook.url, secret: 'secret-of-the-hook', events: ['session.draining'], allowPrivate: true }],
  });
  const stopped = gateway.exited;
  ended.push(() => gateway.stop());
  const id = crypto.randomUUID();
  const client = await openClient(`${gateway.url}/v1/realtime?model=gpt-realtime-2.1&trunkline-session=${id}`);
  const ofGemini = await openClient(gateway.url + GEMINI);
  const upstreams: WebSocket[] = [await provider.next(), await provider.next()];
  const events = await eventsOf(gateway.url, id);
  await until(() => events.text().includes('retry'));
  gateway.child.kill('SIGTERM');
  expect(JSON.parse(String((await message(ofGemini)).data))).toEqual({ goAway: { timeLeft: '30s' } });
  await until(() => events.text().includes('session.draining'));
  const data = JSON.parse(/event: session\.draining\ndata: (.*)/.exec(events.text())?.[1] ?? '');
  expect(data).toMatchObject({ session: id, timeLeftMs: 60_000 });
  expect(Date.parse(data.endsBy) - Date.parse(data.endsFrom)).toBe(30_000);
  await until(() => hook.seen.length === 2);
  const told = hook.seen.map(({ body }) => JSON.parse(body));
  expect(told.map(({ type }) => type)).toEqual(['session.draining', 'session.draining']);
  expect(told.find((one) => one.data.id === id)?.data).toMatchObject({ endsBy: data.endsBy, timeLeftMs: 60_000 });
  for (const ws of [client, ofGemini, ...upstreams]) ws.close();
  expect(await stopped).toMatchObject({ code: 0 });
});
