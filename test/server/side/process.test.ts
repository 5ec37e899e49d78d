// Tests the side process of a gateway that runs: what arrives in its store, and that calls do not notice when it is gone, hangs or comes
// back.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openClient, refusedUpgrade } from '../../support/gateway.ts';
import { childrenOf } from '../../support/processes.ts';
import type { FakeProvider } from '../../support/provider.ts';
import { spokenTurn } from '../../support/recording.ts';
import { RehearsalClient } from '../../support/rehearsal-client.ts';
import { runCommand, type Served, serve } from '../../support/served.ts';
import { type StoredCall, storedCalls } from '../../support/stored.ts';
import { startTurnProvider, talk, turn } from '../../support/turn-provider.ts';

const REALTIME = '/v1/realtime?model=gpt-realtime-2.1';
const LIVE = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const quick = {
  times: { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, audioSpeed: 100, transcriptionMs: 0 },
  awaitPlayback: false,
};
const text = (words: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] });
const LATEST = { transcripts: 'P30D' };

let provider: FakeProvider;
let gateway: Served | undefined;
beforeAll(async () => {
  provider = await startTurnProvider();
});
afterAll(() => provider.close());
afterEach(async () => {
  if (gateway?.child.exitCode === null && gateway.child.signalCode === null) await gateway.stop();
  gateway = undefined;
});

async function start(config: Record<string, unknown> = {}): Promise<Served> {
  gateway = await serve({ ...LATEST, tasks: [], ...config });
  return gateway;
}

async function stored(served: Served): Promise<StoredCall[]> {
  await served.stop();
  return storedCalls(served.data);
}

async function rehearse(served: Served, path: string): Promise<RehearsalClient> {
  const client = new RehearsalClient(served.url + path);
  await client.opened();
  return client;
}

const sideOf = (served: Served): number => childrenOf(served.run.pid, 'side/process')[0] ?? 0;
const texts = (calls: readonly StoredCall[]) =>
  calls.map(({ turns }) => turns.map(({ user, assistant }) => [user, assistant]));

describe('sessions of each dialect', () => {
  test('turns, usage and end of a Realtime session are stored, typed and spoken', async () => {
    const served = await start({ rehearsal: quick });
    const client = await rehearse(served, `${REALTIME}&trunkline-session=00000000-0000-4000-8000-00000000000a`);
    client.send({
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { transcription: { model: 'gpt-realtime-whisper' } } } },
    });
    await client.type('session.updated');
    client.send({ type: 'conversation.item.create', item: text('good morning') });
    client.send({ type: 'response.create' });
    await client.type('response.done');
    for (const audio of spokenTurn('librivox-0880', 24_000)) client.send({ type: 'input_audio_buffer.append', audio });
    await client.type('response.done');
    const heard = client.all('conversation.item.input_audio_transcription.completed')[0];
    const spoken = client.all('response.output_audio_transcript.done').map(({ transcript }) => transcript);
    client.socket.close();
    const [call] = await stored(served);
    expect(call?.session).toMatchObject({
      id: '00000000-0000-4000-8000-00000000000a',
      key: undefined,
      provider: 'openai',
      route: '/v1/realtime',
      dialect: 'openai-realtime',
      model: 'gpt-realtime-2.1',
      promptClass: 'realtime',
      dataClass: 'open',
      isRehearsal: true,
      reason: 'client-closed',
    });
    expect(texts(call ? [call] : [])).toEqual([
      [
        ['good morning', spoken[0]],
        [heard?.transcript ?? '', spoken[1]],
      ],
    ]);
    expect(call?.ledger).toMatchObject([
      {
        kind: 'realtime',
        path: 'direct',
        outcome: 'ok',
        costSource: 'estimated',
        served: 'gpt-realtime-2.1',
        isRehearsal: true,
      },
    ]);
    expect(call?.ledger[0]?.usage.totalTokens).toBeGreaterThan(0);
    expect(call?.ledger[0]?.usage).toEqual(JSON.parse(call?.session.record ?? '{}').usage);
  });

  test('turns, usage and end of a Responses session are stored', async () => {
    const served = await start({ rehearsal: quick });
    const client = await rehearse(served, '/v1/responses');
    for (const input of ['hello', [{ role: 'user', content: 'and again' }]]) {
      client.send({ type: 'response.create', model: 'gpt-5', input });
      await client.type('response.completed');
    }
    const replies = client.all('response.output_text.done').map((event) => event.text);
    client.socket.close();
    expect(texts(await stored(served))).toEqual([
      [
        ['hello', replies[0]],
        ['and again', replies[1]],
      ],
    ]);
  });

  test('turns, usage and end of a Gemini Live session are stored, typed and spoken', async () => {
    const served = await start({ rehearsal: quick });
    const client = await rehearse(served, `${LIVE}?key=x`);
    const setup = { model: 'models/gemini-live', inputAudioTranscription: {}, outputAudioTranscription: {} };
    client.send({ setup: { ...setup, generationConfig: { responseModalities: ['AUDIO'] } } });
    await client.until((event) => 'setupComplete' in event);
    const done = () =>
      client.until(({ serverContent }) => (serverContent as { turnComplete?: boolean })?.turnComplete === true);
    client.send({
      clientContent: { turns: [{ role: 'user', parts: [{ text: 'good morning' }] }], turnComplete: true },
    });
    await done();
    for (const data of spokenTurn('librivox-0880', 16_000))
      client.send({ realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } });
    await done();
    const said = (key: string) =>
      client.events.flatMap(
        ({ serverContent }) => (serverContent as Record<string, { text?: string }>)?.[key]?.text ?? [],
      );
    client.socket.close();
    const [call] = await stored(served);
    expect(call?.turns).toHaveLength(2);
    expect(call?.turns.map(({ user }) => user)).toEqual(['good morning', said('inputTranscription').join('').trim()]);
    const spoken = call?.turns.map(({ assistant }) => assistant).join('');
    expect(spoken?.replaceAll(/\s/g, '')).toBe(said('outputTranscription').join('').replaceAll(/\s/g, ''));
    expect(call?.ledger[0]?.usage.totalTokens).toBeGreaterThan(0);
  });

  test.each([
    [{ transcripts: 'off' }, {}],
    [{ regulated: { store: false } }, { 'x-trunkline-data-class': 'regulated' }],
    [{ keys: [{ id: 'web', secret: 'secret-of-web', transcripts: 'off' }] }, { authorization: 'Bearer secret-of-web' }],
  ])('no text leaves the gateway process with %j, and turns count all the same', async (config, headers) => {
    const served = await start({ provider: provider.url, ...config });
    const client = await openClient(served.url + REALTIME, { headers });
    await turn(client, 'secret');
    client.close();
    const [call] = await stored(served);
    expect(call?.turns).toMatchObject([{ number: 1, user: undefined, assistant: undefined }]);
    expect(call?.ledger).toMatchObject([{ usage: { totalTokens: 10 } }]);
    expect(JSON.stringify(call)).not.toContain('secret');
  });

  test('classes come from key and client, and the headers that name them never go upstream', async () => {
    const served = await start({
      provider: provider.url,
      gateways: { contract: { profile: 'openai', apiKey: 'x' } },
      classes: { support: { targets: [{ gateway: 'contract', model: 'gpt-5-mini' }] } },
      keys: [{ id: 'web', secret: 'secret-of-web', team: 'blue', class: 'support' }],
    });
    const headers = {
      authorization: 'Bearer secret-of-web',
      'x-trunkline-class': 'support',
      'x-trunkline-data-class': 'regulated',
    };
    const client = await openClient(served.url + REALTIME, { headers });
    await talk(client, 1);
    expect(JSON.stringify(provider.requests.at(-1)?.headers)).not.toContain('trunkline');
    const refused = await refusedUpgrade(served.url + REALTIME, {
      headers: { ...headers, 'x-trunkline-class': 'other' },
    });
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([400, 'unknown_class']);
    client.close();
    const [call] = await stored(served);
    expect(call?.session).toMatchObject({ key: 'web', team: 'blue', promptClass: 'support', dataClass: 'regulated' });
  });
});

describe('the role', () => {
  test('the role gateway needs a store that machines can share', async () => {
    const command = runCommand(['serve', '--role', 'gateway']);
    expect(await command.exited).toEqual({ code: 2, signal: null });
    expect(command.stderr()).toContain('store.url: expected a URL such as postgres://..., got sqlite');
  });

  test('an unknown role is refused with those that exist', async () => {
    const command = runCommand(['serve', '--role', 'worker']);
    expect(await command.exited).toEqual({ code: 2, signal: null });
    expect(command.stderr()).toContain('--role: expected one of all, gateway, side, got "worker"');
  });

  test('the role side has no gateways, and is ready', async () => {
    gateway = await serve({ provider: provider.url, tasks: [] }, undefined, ['--role', 'side']);
    expect(gateway.run.listen.port).toBe(0);
    expect(childrenOf(gateway.run.pid, 'gateway/process')).toEqual([]);
    expect(sideOf(gateway)).not.toBe(0);
    expect((await fetch(`${gateway.admin}/readyz`)).status).toBe(200);
    gateway.child.kill('SIGTERM');
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });
});
