// The official Deepgram SDK with its voice agent, against a provider that follows a script. The SDK is pointed at the gateway by its own
// option `environment`, and is not changed.

import { randomUUID } from 'node:crypto';
import { DeepgramClient } from '@deepgram/sdk';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { closed, keepInbox } from '../support/inbox.ts';
import { type FakeProvider, startProvider } from '../support/provider.ts';
import { Heard, type ServedGateway, serveGateway, trust } from '../support/sdk.ts';
import { until } from '../support/until.ts';

const KEY = 'secret-of-the-demo-key';
const LISTED_KEY = 'secret-of-the-listed-key';
const PATH = '/v1/agent/converse';
let provider: FakeProvider;
let gateway: ServedGateway;

beforeAll(async () => {
  provider = await startProvider({ onSession: playAgent });
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'listed', secret: LISTED_KEY, models: ['deepgram/nova-3', 'deepgram/gpt-4o-mini', 'deepgram/aura-2-*'] },
    ],
    providers: { deepgram: { baseUrl: provider.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
    prices: { 'deepgram/*': { minute: 60 } },
  });
  trust(gateway);
});

afterAll(async () => {
  await gateway?.close();
  await provider?.close();
});

/** The settings of the sessions that began, as the provider received them. */
const applied: Settings[] = [];

/** Greets, takes all sound for one question, and sends it back as the answer. */
function playAgent(ws: WebSocket): void {
  const send = (event: object) => ws.send(JSON.stringify(event));
  send({ type: 'Welcome', request_id: randomUUID() });
  ws.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      send({ type: 'UserStartedSpeaking' });
      send({ type: 'ConversationText', role: 'user', content: 'What is the time?' });
      send({ type: 'ConversationText', role: 'assistant', content: 'It is noon.' });
      send({ type: 'AgentStartedSpeaking', total_latency: 1, tts_latency: 0.3, ttt_latency: 0.5 });
      ws.send(data);
      send({ type: 'AgentAudioDone' });
      return;
    }
    const event = JSON.parse(data.toString());
    if (event.type === 'Settings') {
      applied.push(event);
      send({ type: 'SettingsApplied' });
    }
  });
}

type Settings = Parameters<Agent['sendSettings']>[0];
type Agent = Awaited<ReturnType<DeepgramClient['agent']['v1']['connect']>>;
type Heardable = Readonly<Record<string, unknown>>;

const settings = (model = 'gpt-4o-mini'): Settings => ({
  type: 'Settings',
  audio: { input: { encoding: 'linear16', sample_rate: 24000 } },
  agent: {
    listen: { provider: { type: 'deepgram', version: 'v1', model: 'nova-3' } },
    think: { provider: { type: 'open_ai', model }, prompt: 'Be brief.' },
    speak: { provider: { type: 'deepgram', model: 'aura-2-thalia-en' } },
  },
});

async function open(base: string, { key = KEY, query = {} }: { key?: string; query?: Record<string, unknown> } = {}) {
  const environment = { base, production: base, agent: base.replace('http', 'ws'), agentRest: base };
  const client = new DeepgramClient({ apiKey: key, environment });
  const shouldReconnect = () => false;
  const agent = await client.agent.v1.connect({ Authorization: '', shouldReconnect, queryParams: query });
  onTestFinished(() => agent.close());
  const heard = new Heard<Heardable>();
  const sounds: Promise<ArrayBuffer>[] = [];
  agent.on('message', (message: unknown) => {
    if (message instanceof Blob) sounds.push(message.arrayBuffer());
    else heard.add(message as Heardable);
  });
  const gone = new Promise<number>((resolve) => agent.on('close', ({ code }) => resolve(code)));
  agent.connect();
  await agent.waitForOpen();
  const next = (type: string) => heard.next((event) => event.type === type);
  return { agent, next, sounds, gone };
}

test.each(['http', 'https'] as const)('a voice session passes in both directions, over %s', async (scheme) => {
  const { agent, next, sounds, gone } = await open(gateway[scheme]);
  expect(await next('Welcome')).toHaveProperty('request_id');
  agent.sendSettings(settings());
  await next('SettingsApplied');
  expect(applied.at(-1)).toEqual(settings());
  const sound = Buffer.from([0, 1, 2, 0xff]);
  agent.sendMedia(sound);
  expect(await next('ConversationText')).toMatchObject({ role: 'user', content: 'What is the time?' });
  await next('AgentAudioDone');
  expect((await Promise.all(sounds)).map((bytes) => Buffer.from(bytes))).toEqual([sound]);
  const { url, headers } = provider.requests.at(-1) ?? {};
  expect([url, headers?.authorization]).toEqual([PATH, 'Token secret-of-the-provider']);
  agent.close();
  await gone;
});

test('the rehearsal greets, answers and calls a tool', async () => {
  const rehearsed = await serveGateway({ rehearsal: { times: { firstAudioMs: 20, audioSpeed: 100 } } });
  onTestFinished(() => rehearsed.close());
  const { agent, next, sounds } = await open(rehearsed.http);
  await next('Welcome');
  const functions = [{ name: 'get_time', parameters: { type: 'object', properties: {} } }];
  const given = settings();
  const stages = given.agent as Exclude<Settings['agent'], string>;
  const think = { provider: { type: 'open_ai', model: 'gpt-4o-mini' }, functions } as const;
  agent.sendSettings({ ...given, agent: { ...stages, think, greeting: 'Hello!' } });
  await next('SettingsApplied');
  expect(await next('ConversationText')).toMatchObject({
    role: 'assistant',
    content: expect.stringContaining('Hello!'),
  });
  await next('AgentAudioDone');
  expect((await sounds[0])?.byteLength).toBeGreaterThan(0);
  agent.sendInjectUserMessage({ type: 'InjectUserMessage', content: 'Use get_time' });
  expect(await next('ConversationText')).toMatchObject({ role: 'user', content: 'Use get_time' });
  const { functions: asked } = (await next('FunctionCallRequest')) as {
    functions: readonly { id: string; name: string }[];
  };
  const [{ id, name } = { id: '', name: '' }] = asked;
  agent.sendFunctionCallResponse({ type: 'FunctionCallResponse', id, name, content: 'noon' });
  expect(await next('ConversationText')).toMatchObject({ content: expect.stringContaining('get_time answered: noon') });
});

test('a browser has its key in the subprotocols, and is answered with the first of them', async () => {
  const client = new globalThis.WebSocket(`${gateway.ws}${PATH}`, ['token', KEY]);
  await new Promise((resolve, reject) => {
    client.addEventListener('open', resolve);
    client.addEventListener('error', reject);
  });
  expect(client.protocol).toBe('token');
  expect(JSON.stringify(provider.requests.at(-1)?.headers)).not.toContain(KEY);
  client.close();
});

test('a model that the key may not use ends the session with an error event of the dialect', async () => {
  const { agent, next, gone } = await open(gateway.http, { key: LISTED_KEY });
  agent.sendSettings(settings('gpt-5'));
  expect(await next('Error')).toMatchObject({
    code: 'model_not_allowed',
    description: expect.stringContaining('gpt-5'),
  });
  expect(await gone).toBe(1008);
});

test('a wrong key is refused with 401', async () => {
  const refused = new WebSocket(`${gateway.ws}${PATH}`, { headers: { authorization: 'Token wrong-secret' } });
  keepInbox(refused);
  const [, response] = await new Promise<[unknown, { statusCode?: number }]>((resolve) =>
    refused.once('unexpected-response', (...both) => resolve(both)),
  );
  expect(response.statusCode).toBe(401);
  refused.terminate();
  await closed(refused);
});

test('a session is kept with the words of both sides and priced by its time, and another one continues it', async () => {
  const id = randomUUID();
  const first = await open(gateway.http, { query: { 'trunkline-session': id } });
  first.agent.sendSettings(settings());
  await first.next('SettingsApplied');
  first.agent.sendMedia(Buffer.alloc(320));
  await first.next('AgentAudioDone');
  first.agent.close();

  const kept = async () => {
    const answer = await fetch(`${gateway.http}/v1/sessions/${id}`, { headers: { authorization: `Bearer ${KEY}` } });
    return answer.ok ? await answer.json() : {};
  };
  await until(async () => (await kept()).state === 'closed' && (await kept()).ledger?.[0]?.outcome === 'ok');
  const { turns, ledger, model } = await kept();
  expect(turns).toMatchObject([{ user: 'What is the time?', assistant: 'It is noon.' }]);
  const [{ usage, costMicroUsd }] = ledger;
  expect(model).toBe('gpt-4o-mini');
  expect(usage.seconds).toBeGreaterThan(0);
  // One USD for each second.
  expect(costMicroUsd).toBe(Math.round(usage.seconds * 1e6));

  const second = await open(gateway.http, { query: { 'trunkline-continue': id } });
  second.agent.sendSettings(settings());
  await second.next('SettingsApplied');
  const { agent, ...rest } = applied.at(-1) as unknown as { agent: { context: { messages: object[] } } };
  expect(rest).toEqual({ type: 'Settings', audio: settings().audio });
  expect(agent).toMatchObject(settings().agent);
  expect(agent.context.messages).toEqual([
    {
      type: 'History',
      role: 'user',
      content: expect.stringMatching(/User: What is the time\?\s+Assistant: It is noon\./),
    },
  ]);
  second.agent.close();
  await second.gone;
});
