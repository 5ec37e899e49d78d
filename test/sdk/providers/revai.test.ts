// The official Rev.ai SDK transcribes through the gateway. The provider is made of a recording of what the SDK sends, and of its types.

import { once } from 'node:events';
import { AudioConfig, RevAiStreamingClient } from 'revai-node-sdk';
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
  provider = await startProvider({ onSession: transcribe });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY }],
    providers: { revai: { baseUrl: provider.url, apiKey: PROVIDER_KEY, allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** Hears one sentence in any sound. */
function transcribe(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  send({ type: 'connected', id: 'j1' });
  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary) send({ type: 'final', ts: 0, end_ts: 1, elements: [{ type: 'text', value: 'Hello.' }] });
    else if (String(data) === 'EOS') ws.close(1000);
  });
}

function streaming(token: string): RevAiStreamingClient {
  const deploymentConfig = { baseUrl: gateway.http, baseWebsocketUrl: gateway.ws };
  const audio = new AudioConfig('audio/x-raw', 'interleaved', 16_000, 'S16LE', 1);
  return new RevAiStreamingClient({ token, deploymentConfig } as never, audio);
}

test('a transcription passes, and its words and its audio are known', async () => {
  const client = streaming(KEY);
  const stream = client.start();
  const heard = once(stream, 'data');
  stream.write(Buffer.alloc(32_000));
  expect((await heard)[0]).toMatchObject({ type: 'final', elements: [{ value: 'Hello.' }] });
  const ended = once(client, 'close');
  client.end();
  expect((await ended)[0]).toBe(1000);
  const [request] = provider.requests.slice(-1);
  expect(request?.url).toContain(`access_token=${PROVIDER_KEY}`);
  expect(request?.url).not.toContain(KEY);
  const { turns, ledger, model } = await keptSession(gateway, KEY, 'revai-streaming');
  expect([model, turns, ledger[0]?.usage]).toMatchObject(['machine', [{ user: 'Hello.' }], { inputAudioSeconds: 1 }]);
});

test('a wrong key is shown by its status, which is all that the SDK shows', async () => {
  const client = streaming('wrong');
  const answered = once(client, 'httpResponse');
  client.start();
  expect((await answered)[0]).toBe(401);
});
