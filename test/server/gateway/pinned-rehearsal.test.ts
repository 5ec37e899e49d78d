// Sessions with pinned settings before the rehearsal provider, which takes settings as strictly as the providers do and acts by them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../../codecs/json/object.ts';
import { type RunningRehearsal, startRehearsal } from '../../../server/rehearsal/host.ts';
import { clientSecrets } from '../../support/client-secrets.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { RehearsalClient } from '../../support/rehearsal-client.ts';

const SECRET_WORDS = 'You are a clerk with a canary.';
const parameters = { type: 'object', properties: { table: { type: 'string' } }, required: ['table'] };
const tool = { type: 'function', name: 'book_table', description: SECRET_WORDS, parameters };
const GEMINI = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContentConstrained';

const secrets = clientSecrets();
let rehearsal: RunningRehearsal;
let gateway: TestGateway;

beforeAll(async () => {
  const options = { times: { firstTextMs: 1, tokenMs: 1 } };
  rehearsal = await startRehearsal(options);
  gateway = await startGateway({ rehearsal: options, rehearsalUrl: rehearsal.url, secrets });
});
afterAll(async () => {
  await gateway.close();
  await rehearsal.close();
});

async function open(path: string, session: JsonObject): Promise<RehearsalClient> {
  const client = new RehearsalClient(gateway.url + path, [
    'realtime',
    `openai-insecure-api-key.${secrets.make({ session })}`,
  ]);
  await client.opened();
  return client;
}

const ask = (client: RehearsalClient, words: string) => {
  const content = [{ type: 'input_text', text: words }];
  client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  client.send({ type: 'response.create', response: { output_modalities: ['text'] } });
};

/** The pinned words are in nothing that the client was told. */
function expectVeiled({ events }: RehearsalClient): void {
  expect(events.length).toBeGreaterThan(0);
  expect(JSON.stringify(events)).not.toContain('canary');
}

test('Realtime acts by what is pinned, and its client is shown the voice, but neither instructions nor tools', async () => {
  const audio = { output: { voice: 'ash' }, input: { turn_detection: null } };
  const client = await open('/v1/realtime?model=gpt-realtime-2.1', {
    instructions: SECRET_WORDS,
    tools: [tool],
    audio,
  });
  ask(client, 'Please call book_table now.');
  const { session } = (await client.type('session.updated')) as { session: JsonObject };
  expect(session).toMatchObject({ audio: { output: { voice: 'ash' }, input: { turn_detection: null } } });
  expect(Object.keys(session)).not.toEqual(expect.arrayContaining(['instructions']));
  expect(Object.keys(session)).not.toEqual(expect.arrayContaining(['tools']));
  const done = await client.type('response.function_call_arguments.done');
  expect(done).toMatchObject({ name: 'book_table' });
  await client.type('response.done');
  client.send({ type: 'session.update', session: { type: 'realtime', tools: [] } });
  expect(await client.type('error')).toMatchObject({ error: { code: 'pinned', param: 'session.tools' } });
  client.send({ type: 'session.update', session: { type: 'realtime', max_output_tokens: 100 } });
  expect(await client.type('session.updated')).toMatchObject({ session: { max_output_tokens: 100 } });
  expectVeiled(client);
  client.socket.close();
});

test('Realtime transcribes as it is pinned', async () => {
  const transcription = { model: 'gpt-realtime-whisper', language: 'de' };
  const session = { type: 'transcription', audio: { input: { transcription } } };
  const client = await open('/v1/realtime?intent=transcription', session);
  expect(await client.type('session.updated')).toMatchObject({ session });
  client.socket.close();
});

test('Realtime ends a session whose settings it does not take, and says which', async () => {
  const client = await open('/v1/realtime?model=gpt-realtime-2.1', { audio: { output: { speed: 9 } } });
  const { error } = (await client.type('error')) as { error: JsonObject };
  expect(error).toMatchObject({
    code: 'pins_not_taken',
    message: expect.stringContaining('session.audio.output.speed'),
  });
  expect((await client.closed()).code).toBe(1011);
});

test('Responses acts by what is pinned in every response, and shows none of it', async () => {
  const client = await open('/v1/responses', { instructions: SECRET_WORDS, tools: [tool], tool_choice: 'required' });
  for (const input of ['Hello', [{ role: 'user', content: 'Again' }]]) {
    client.send({ type: 'response.create', model: 'gpt-5', input });
    const { response } = (await client.type('response.completed')) as { response: JsonObject };
    expect(response).toMatchObject({ output: [{ type: 'function_call', name: 'book_table' }] });
    expect(response).not.toHaveProperty('tools');
  }
  client.send({ type: 'response.create', model: 'gpt-5', input: 'Hello', instructions: 'Mine.' });
  expect(await client.type('error')).toMatchObject({ status: 403, error: { code: 'pinned', param: 'instructions' } });
  expectVeiled(client);
  client.socket.close();
});

test('Gemini Live acts by the setup of the token, whatever the client sets up', async () => {
  const { type: _, ...declaration } = tool;
  const setup = {
    model: 'models/gemini-3.8-live',
    systemInstruction: { parts: [{ text: SECRET_WORDS }] },
    tools: [{ functionDeclarations: [declaration] }],
    generationConfig: { responseModalities: ['AUDIO'] },
  };
  const client = new RehearsalClient(
    `${gateway.url}${GEMINI}?access_token=${secrets.make({ session: { bidiGenerateContentSetup: setup } })}`,
  );
  await client.opened();
  client.send({
    setup: { model: 'models/gemini-3.8-live', tools: [], systemInstruction: { parts: [{ text: 'Mine.' }] } },
  });
  await client.until((event) => 'setupComplete' in event);
  client.send({ realtimeInput: { text: 'Please call book_table now.' } });
  const { toolCall } = (await client.until((event) => 'toolCall' in event)) as { toolCall: JsonObject };
  expect(toolCall).toMatchObject({ functionCalls: [{ name: 'book_table' }] });
  client.send({ contextUpdate: { tools: [] } });
  expect(await client.closed()).toMatchObject({ code: 1008, reason: expect.stringContaining('contextUpdate.tools') });
  expectVeiled(client);
});
