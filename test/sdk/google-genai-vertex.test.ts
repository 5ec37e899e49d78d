// The official Google SDK on Vertex AI, with one base URL changed. Its own way to a token of the cloud is given one of the gateway's keys.

import { GoogleGenAI, type LiveServerMessage, Modality } from '@google/genai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningRehearsal } from '../../server/rehearsal/host.ts';
import { startRehearsal } from '../../server/rehearsal/host.ts';
import { Heard, type ServedGateway, serveGateway } from '../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
let rehearsal: RunningRehearsal;
let gateway: ServedGateway;

beforeAll(async () => {
  const times = { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, transcriptionMs: 0, audioSpeed: 100 };
  rehearsal = await startRehearsal({ times, awaitPlayback: false });
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['vertex/gemini-3.8-live'] }],
    providers: { vertex: { baseUrl: rehearsal.url, apiKey: 'ya29.of-the-account', allowPrivate: true } },
  });
});

afterAll(async () => {
  await gateway?.close();
  await rehearsal?.close();
});

async function connect({ baseUrl = gateway.http, model = 'gemini-3.8-live', apiVersion = 'v1beta1' } = {}) {
  const authClient = { getRequestHeaders: async () => new Headers({ authorization: `Bearer ${KEY}` }) };
  const googleAuthOptions = { authClient } as never;
  const where = { vertexai: true, project: 'p1', location: 'us-central1', googleAuthOptions };
  const ai = new GoogleGenAI({ ...where, httpOptions: { baseUrl, apiVersion } });
  const heard = new Heard<LiveServerMessage>();
  const session = await ai.live.connect({
    model,
    config: { responseModalities: [Modality.AUDIO] },
    callbacks: { onmessage: heard.add },
  });
  return { session, heard };
}

test.each([
  ['as it dials by itself', {}],
  ['in the version v1', { apiVersion: 'v1' }],
  ['behind the name of the account', { behind: '/vertex' }],
  ['with a slash at the end of its base URL', { behind: '/vertex/' }],
])('talks %s, with the whole path of a model whose own name is in the list of the key', async (_what, given) => {
  const { behind = '', ...more } = given as { behind?: string; apiVersion?: string };
  const { session, heard } = await connect({ baseUrl: gateway.http + behind, ...more });
  session.sendClientContent({ turns: 'hello' });
  await heard.next(({ serverContent }) => serverContent?.turnComplete === true);
  session.close();
});

test('another model ends the session', async () => {
  await expect(connect({ model: 'gemini-3.8-live-extended-thinking' })).rejects.toThrow(
    'code 1008): this key may not use the model gemini-3.8-live-extended-thinking',
  );
});
