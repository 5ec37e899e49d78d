// The official LMNT SDK speaks through the gateway, with its key in the first message. The provider is made of a recording of what the SDK sends, and
// of its types.

import Lmnt from 'lmnt-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { keptSession } from '../../support/kept-session.ts';
import { type FakeProvider, startProvider } from '../../support/provider.ts';
import { type ServedGateway, serveGateway } from '../../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const PROVIDER_KEY = 'secret-of-the-provider';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({ onSession: speak });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY }],
    providers: { lmnt: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** The first messages that the provider was given. */
const told: object[] = [];

/** Speaks what is flushed. */
function speak(ws: WebSocket): void {
  ws.on('message', (data: Buffer) => {
    const message = JSON.parse(String(data));
    if (message.type === undefined) {
      told.push(message);
      ws.send(JSON.stringify({ type: 'ready', request_id: 'r1' }));
    } else if (message.type === 'flush') {
      ws.send(Buffer.from('sound'));
      ws.send(JSON.stringify({ type: 'flush_complete', nonce: message.nonce }));
    } else if (message.type === 'finish') ws.close(1000);
  });
}

/** The messages of a session that speaks a text. */
async function say(apiKey: string): Promise<unknown[]> {
  const client = new Lmnt({ apiKey, baseURL: gateway.http });
  const session = client.speech.sessions.create({ voice: 'leah', format: 'pcm_s16le', sample_rate: 24_000 });
  session.sendText('Hello.');
  session.sendFlush();
  session.sendFinish();
  const all: unknown[] = [];
  for await (const message of session)
    all.push(message.type === 'audio' ? Buffer.from(message.audio as Buffer).toString() : message);
  return all;
}

test('a text is spoken with our key in the place of its own, and its words and characters are kept', async () => {
  const [ready, sound, done] = await say(KEY);
  expect([ready, sound, done]).toMatchObject([{ type: 'ready' }, 'sound', { type: 'flush_complete', nonce: 1 }]);
  expect(told.at(-1)).toMatchObject({ 'X-API-Key': PROVIDER_KEY, voice: 'leah' });
  const { turns, ledger } = await keptSession(gateway, KEY, 'lmnt-speech');
  expect(turns).toMatchObject([{ assistant: 'Hello.' }]);
  expect(ledger[0]?.usage).toMatchObject({ characters: 6 });
});

test('a wrong key is told by the SDK in our words', async () => {
  const [error] = await say('wrong');
  expect(error).toMatchObject({
    type: 'error',
    error: { type: 'authentication_error', message: expect.stringContaining('key') },
  });
});
