// A gateway whose accounts have clients of another vocabulary than their provider, before one fake provider.

import type { WebSocket } from 'ws';
import type { Outbox } from '../../server/gateway/side/outbox.ts';
import type { SessionEvent } from '../../server/ipc/session-event.ts';
import { openClient, startGateway } from './gateway.ts';
import { message } from './inbox.ts';
import { startProvider } from './provider.ts';

export const KEY = 'secret-of-the-key';
/** The secret of a key with a list of models. */
export const LISTED = 'secret-of-the-listed-key';

export type VocabularyGateway = Awaited<ReturnType<typeof startVocabularies>>;

/** `plain` speaks the vocabulary of today, `old` serves clients of the beta from it, `new` those of today from the beta, which `qwen` speaks, too. */
export async function startVocabularies() {
  const events: SessionEvent[] = [];
  const push = (event: SessionEvent) => void events.push(event);
  const outbox = { push, fullness: () => undefined } as unknown as Outbox;
  const provider = await startProvider();
  const account = { baseUrl: provider.url, apiKey: 'key-of-account', allowPrivate: true };
  const gateway = await startGateway({
    outbox,
    providers: {
      plain: { ...account, kind: 'openai' },
      old: { ...account, kind: 'openai', clients: 'beta' },
      new: { ...account, kind: 'stepfun', clients: 'ga' },
      qwen: account,
    },
    models: { voice: ['old/m-one'], either: ['qwen/q', 'old/m'], mixed: ['old/m', 'plain/m'] },
    keys: [
      { id: 'all', secret: KEY },
      { id: 'listed', secret: LISTED, models: ['old/m', 'new/m', 'voice'] },
    ],
    limits: { usageMs: 50 },
  });
  return {
    url: gateway.url,
    async open(path: string, { secret = KEY, headers = {}, protocols = [] as string[] } = {}) {
      const options = { headers: { authorization: `Bearer ${secret}`, ...headers } };
      const client = await openClient(gateway.url + path, options, protocols);
      return { client, upstream: await provider.next(), request: provider.requests.at(-1) };
    },
    nextEnd: () => gateway.nextEnd(),
    /** Ends a session by its client, and returns the facts that the gateway keeps of it. */
    async kept(client: WebSocket) {
      client.close(1000);
      const record = await gateway.nextEnd();
      const turns = events.flatMap((event) =>
        event.kind === 'turn' && event.session === record.id ? [{ user: event.user, assistant: event.assistant }] : [],
      );
      return { record, turns };
    },
    async close() {
      await gateway.close();
      await provider.close();
    },
  };
}

export const say = (from: WebSocket, event: object | string) =>
  from.send(typeof event === 'string' ? event : JSON.stringify(event));
export const textFrom = async (from: WebSocket) => (await message(from)).data.toString();
export const heard = async (from: WebSocket) => JSON.parse(await textFrom(from));
