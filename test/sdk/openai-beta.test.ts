// Runs the official OpenAI SDK where its vocabulary is not its provider's: the class of the beta with a provider of today, and that of today with a provider
// of the beta. The latter is a gateway, which has clients of the beta.

import OpenAI from 'openai';
import { OpenAIRealtimeWS as BetaRealtimeWS } from 'openai/beta/realtime/ws';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeServerEvent as BetaServerEvent } from 'openai/resources/beta/realtime/realtime';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningRehearsal, startRehearsal } from '../../server/rehearsal/host.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { keptSession } from '../support/kept-session.ts';
import { RATE_HZ, textTurn, toolCall, voiceTurn } from '../support/realtime-scenarios.ts';
import { spokenTurn } from '../support/recording.ts';
import {
  byStream,
  Heard,
  normalized,
  realtimeStream,
  type ServedGateway,
  serveGateway,
  startTlsFront,
  trust,
} from '../support/sdk.ts';

const KEY = 'secret-of-the-demo-key';
const MODEL = 'gpt-realtime-2.1';
let rehearsal: RunningRehearsal;
let speaksBeta: TestGateway;
let gateway: ServedGateway;
let direct: Awaited<ReturnType<typeof startTlsFront>>;

beforeAll(async () => {
  const times = { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, transcriptionMs: 0, audioSpeed: 10 };
  rehearsal = await startRehearsal({ times });
  const account = { apiKey: 'secret-of-the-provider', allowPrivate: true };
  const old = { ...account, kind: 'openai', clients: 'beta', baseUrl: rehearsal.url };
  speaksBeta = await startGateway({ providers: { old } });
  const current = { ...account, kind: 'stepfun', clients: 'ga', baseUrl: `${speaksBeta.url}/old` };
  gateway = await serveGateway({
    keys: [{ id: 'demo', secret: KEY, models: ['old/gpt-realtime*', 'current/*'] }],
    providers: { old, current },
  });
  trust(gateway);
  direct = await startTlsFront(rehearsal.port, gateway);
  // A sentence that was spoken once comes without delay: what is compared must not depend on who asked first.
  await play(direct.https, voiceTurn);
});

afterAll(async () => {
  direct?.close();
  await gateway?.close();
  await speaksBeta?.close();
  await rehearsal?.close();
});

describe('the class of the beta', () => {
  function open() {
    const client = new BetaRealtimeWS(
      { model: MODEL },
      new OpenAI({ baseURL: `${gateway.https}/old/v1`, apiKey: KEY }),
    );
    const heard = new Heard<BetaServerEvent>();
    client.on('event', heard.add);
    client.on('error', heard.fail);
    return { client, heard };
  }
  const textOf = (events: readonly BetaServerEvent[], type: 'response.text.delta' | 'response.audio.delta') =>
    events.flatMap((event) => (event.type === type ? [event.delta] : []));

  test('takes a turn in writing', async () => {
    const { client, heard } = open();
    const { session } = await heard.type('session.created');
    expect(session).toMatchObject({ modalities: ['text', 'audio'], input_audio_format: 'pcm16' });
    client.send({
      type: 'session.update',
      session: { modalities: ['text'], temperature: 0.8, turn_detection: { type: 'server_vad' } },
    });
    expect((await heard.type('session.updated')).session.modalities).toEqual(['text']);
    const content = [{ type: 'input_text' as const, text: 'Good morning' }];
    client.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    client.send({ type: 'response.create' });
    const { response } = await heard.type('response.done');
    client.close();
    const answer = 'This is the rehearsal provider. You wrote: Good morning';
    expect(textOf(heard.events, 'response.text.delta').join('')).toBe(answer);
    expect(response).toMatchObject({ modalities: ['text'], output: [{ content: [{ type: 'text', text: answer }] }] });
    const created = heard.events.filter(({ type }) => type === 'conversation.item.created');
    expect(created).toHaveLength(2);
    expect(heard.events.map(({ type }) => type as string)).not.toContain('conversation.item.done');
  });

  test('takes a turn in speech, which is kept and billed as any other', async () => {
    const { client, heard } = open();
    client.socket.once('open', () => {
      client.send({
        type: 'session.update',
        session: { input_audio_transcription: { model: 'gpt-realtime-whisper' } },
      });
      for (const audio of spokenTurn('librivox-0880', RATE_HZ))
        client.send({ type: 'input_audio_buffer.append', audio });
    });
    const { transcript } = await heard.type('response.audio_transcript.done');
    await heard.type('response.done');
    client.close();
    expect(transcript).toBe('This is the rehearsal provider. I heard 3 seconds of speech.');
    const sound = textOf(heard.events, 'response.audio.delta').map((delta) => Buffer.from(delta, 'base64').length);
    expect(sound.reduce((sum, bytes) => sum + bytes) / 2 / RATE_HZ).toBeGreaterThan(5);
    const { turns, ledger, ...kept } = await keptSession(gateway, KEY, 'openai-realtime');
    expect(kept).toMatchObject({ provider: 'old', model: MODEL });
    expect(turns).toMatchObject([{ assistant: transcript }]);
    expect(ledger[0]?.usage.outputAudioTokens).toBeGreaterThan(0);
  });

  test('is told of a wrong setting by the name that it has for it', async () => {
    const { client, heard } = open();
    await heard.type('session.created');
    const speed = 'fast' as unknown as number;
    client.send({ type: 'session.update', session: { speed } });
    const error = await heard.type('session.updated').catch((reason: unknown) => reason);
    client.close();
    expect(error).toMatchObject({
      error: { param: 'session.speed', message: expect.not.stringContaining('audio.output') },
    });
  });
});

describe('a client secret of the beta', () => {
  const openai = (path: string) => new OpenAI({ baseURL: `${gateway.http}${path}`, apiKey: KEY, maxRetries: 0 });

  test.each(['/v1', '/old/v1'])('is the session that it pins, and opens it (%s)', async (path) => {
    const body = {
      model: MODEL as 'gpt-4o-realtime-preview',
      voice: 'cedar',
      temperature: 0.8,
      modalities: ['text' as const],
    };
    const made = await openai(path).beta.realtime.sessions.create(body);
    const { client_secret: secret, ...session } = made as typeof made & { readonly id: string };
    expect(session).toMatchObject({ object: 'realtime.session', model: MODEL, voice: 'cedar', modalities: ['text'] });
    expect(session).not.toHaveProperty('temperature');
    expect(secret.value).toMatch(/^ek_/);
    const sdk = new OpenAI({ baseURL: `${gateway.https}/v1`, apiKey: secret.value });
    const client = new BetaRealtimeWS({ model: MODEL }, sdk);
    const heard = new Heard<BetaServerEvent>();
    client.on('event', heard.add);
    client.on('error', heard.fail);
    expect((await heard.type('session.updated')).session).toMatchObject({ voice: 'cedar', modalities: ['text'] });
    client.close();
  });

  test('is made for a transcription, for as long as it asks', async () => {
    const made = await openai('/v1').beta.realtime.transcriptionSessions.create({
      input_audio_transcription: { model: 'gpt-4o-transcribe' },
      client_secret: { expires_at: { anchor: 'created_at', seconds: 300 } },
    });
    expect(made).toMatchObject({
      object: 'realtime.transcription_session',
      input_audio_transcription: { model: 'gpt-4o-transcribe' },
    });
    expect(made.client_secret.expires_at - Date.now() / 1000).toBeGreaterThan(200);
  });

  test.each([
    ['voice', { voice: 5 }],
    ['turn_detection', { turn_detection: 'none' }],
    ['client_secret.expires_after.seconds', { client_secret: { expires_after: { seconds: 0 } } }],
    ['client_secret', { client_secret: { value: 'x' } }],
  ])('that asks for what cannot be pinned is refused by the name of the field: %s', async (param, body) => {
    const error = await openai('/v1')
      .beta.realtime.sessions.create(body as object)
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 400, param });
  });

  test('is not served by an account whose clients do not speak the beta', async () => {
    const error = await openai('/current/v1')
      .beta.realtime.sessions.create({})
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 404 });
  });
});

type Scenario = typeof textTurn;

/** Plays a scenario with the class of today, and returns the events that the client saw. */
async function play(https: string, scenario: Scenario): Promise<readonly RealtimeServerEvent[]> {
  const client = new OpenAIRealtimeWS({ model: MODEL }, new OpenAI({ baseURL: `${https}/v1`, apiKey: KEY }));
  const heard = new Heard<RealtimeServerEvent>();
  client.on('event', heard.add);
  client.on('error', heard.fail);
  await heard.type('session.created');
  await scenario(client, heard);
  client.close();
  return heard.events;
}

describe('the class of today', () => {
  test.each([
    ['in writing', textTurn],
    ['in speech', voiceTurn],
    ['with a tool', toolCall],
  ])('takes a turn %s with a provider of the beta, and sees all that one of today tells', async (_how, scenario) => {
    const [events, expected] = await Promise.all([
      play(`${gateway.https}/current`, scenario),
      play(direct.https, scenario),
    ]);
    const inStreams = (seen: typeof events) => normalized(byStream(seen, realtimeStream));
    expect(inStreams(events)).toEqual(inStreams(expected));
  });
});
