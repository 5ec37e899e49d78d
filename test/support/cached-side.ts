// A gateway with a class that keeps answers, in front of an endpoint that counts its own, for one test at a time.

import { pino } from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import { AnswerCaches } from '../../server/side/llm/steps/cache.ts';
import { startForms } from './forms-side.ts';
import { TEXT_STREAMS, TEXT_WHOLES } from './llm-answers.ts';
import type { MemoryStore } from './memory-store.ts';
import { message, nativeEvents } from './messages-form.ts';

export const HELLO = [{ role: 'user', content: 'Hello' }];
export const chat = { model: 'chat-1', messages: HELLO };

export const keys = [
  { id: 'app', secret: 'secret-of-app', team: 'sales' },
  { id: 'web', secret: 'secret-of-web', team: 'sales' },
  { id: 'lab', secret: 'secret-of-lab' },
  { id: 'mute', secret: 'secret-of-mute', transcripts: 'off' },
];

/** The caches of classes, whose rows that store takes. */
export function cachesOver(store: () => MemoryStore) {
  const registry = new Registry();
  const caches = new AnswerCaches({
    store: { settle: (settlements) => store().settle(settlements) },
    log: pino({ level: 'silent' }),
    metrics: { registry },
  });
  onTestFinished(() => caches.close(1000));
  return { caches, registry };
}

/** A gateway whose class `app` keeps answers, in front of an endpoint that counts its answers in their ids. */
export async function startCached(cache: object = {}, more: Record<string, unknown> = {}) {
  const { caches, registry } = cachesOver(() => forms.store);
  const forms = await startForms(
    {
      ...{ keys, prices: { 'model-1': { input: 1, output: 10 } } },
      classes: {
        app: {
          targets: ['chat', 'openai', 'anthropic'].map((name) => ({
            gateway: name,
            model: `${name}-1`,
            priceAs: 'model-1',
          })),
          cache: { ttl: 'PT1H', ...cache },
        },
      },
      ...more,
    },
    [caches.make],
  );
  onTestFinished(() => forms.close());
  forms.script(({ path, body }) => scripted(path, body.stream === true, forms.seen.length));
  const ask = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const { key = 'secret-of-app', ...sent } = headers;
    const reply = await forms.ask(path, { method: 'POST', key, json: body, headers: sent });
    const { headers: told } = reply;
    return { status: reply.status, cache: told.get('x-trunkline-cache'), headers: told, text: await reply.text() };
  };
  return { ...forms, ask, caches, registry };
}

/** The answers of an endpoint in the form of its path, each with an id of its own. */
function scripted(path: string, isStreamed: boolean, number: number) {
  const [stream, whole, id] = path.endsWith('/responses')
    ? [TEXT_STREAMS.openai, TEXT_WHOLES.openai, 'resp_upstream']
    : path.endsWith('/messages')
      ? [nativeEvents, JSON.stringify(message), message.id]
      : [TEXT_STREAMS['openai-compatible'], TEXT_WHOLES['openai-compatible'], 'c-1'];
  const text = (isStreamed ? stream : whole).replaceAll(`"${id}"`, `"${id}.${number}"`);
  return { body: isStreamed ? text : (JSON.parse(text) as object) };
}
