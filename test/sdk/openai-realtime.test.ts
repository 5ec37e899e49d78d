// Runs both Realtime classes of the official OpenAI SDK, over TLS, with one base URL changed.

import OpenAI from 'openai';
import { OpenAIRealtimeError } from 'openai/realtime/index';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningRehearsal, startRehearsal } from '../../server/rehearsal/host.ts';
import { RATE_HZ, type RealtimeClient, speak, textTurn, toolCall, voiceTurn } from '../support/realtime-scenarios.ts';
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

const MODEL = 'gpt-realtime-2.1';
const KEY = 'secret-of-the-demo-key';
const LISTED_KEY = 'secret-of-the-listed-key';
let rehearsal: RunningRehearsal;
let gateway: ServedGateway;
let direct: Awaited<ReturnType<typeof startTlsFront>>;

type ClientClass = typeof OpenAIRealtimeWS | typeof OpenAIRealtimeWebSocket;
type Scenario = (client: RealtimeClient, heard: Heard<RealtimeServerEvent>) => Promise<void>;

beforeAll(async () => {
  const times = { firstAudioMs: 20, firstTextMs: 10, tokenMs: 0, transcriptionMs: 0, audioSpeed: 10 };
  rehearsal = await startRehearsal({ times });
  gateway = await serveGateway({
    keys: [
      { id: 'demo', secret: KEY },
      { id: 'listed', secret: LISTED_KEY, models: [`openai/${MODEL}`] },
    ],
    providers: { openai: { baseUrl: rehearsal.url, apiKey: 'secret-of-the-provider', allowPrivate: true } },
  });
  trust(gateway);
  direct = await startTlsFront(rehearsal.port, gateway);
  // A sentence that was spoken once comes without delay: what is compared must not depend on who asked first.
  await play(OpenAIRealtimeWS, direct.https, voiceTurn);
});

afterAll(async () => {
  direct?.close();
  await gateway?.close();
  await rehearsal?.close();
});

function open(Class: ClientClass, https: string, { apiKey = KEY, model = MODEL } = {}) {
  const openai = new OpenAI({ baseURL: `${https}/v1`, apiKey });
  const client = new Class({ model }, openai);
  const heard = new Heard<RealtimeServerEvent>();
  client.on('event', heard.add);
  client.on('error', heard.fail);
  return { client, heard };
}

/** Plays a scenario from the open to the close, and returns the events that the client saw. */
async function play(Class: ClientClass, https: string, scenario: Scenario): Promise<readonly RealtimeServerEvent[]> {
  const { client, heard } = open(Class, https);
  await heard.type('session.created');
  await scenario(client, heard);
  client.close();
  return heard.events;
}

/** The events of a scenario through the gateway, and without it. */
function both(Class: ClientClass, scenario: Scenario) {
  return Promise.all([play(Class, gateway.https, scenario), play(Class, direct.https, scenario)]);
}

async function interruption(client: RealtimeClient, heard: Heard<RealtimeServerEvent>): Promise<void> {
  speak(client, spokenTurn('librivox-0920', RATE_HZ));
  const { item_id } = await heard.type('response.output_audio.delta');
  const turn = spokenTurn('librivox-0880', RATE_HZ);
  speak(client, turn.slice(0, 5));
  await heard.type('input_audio_buffer.speech_started');
  await heard.type('rate_limits.updated');
  client.send({ type: 'conversation.item.truncate', item_id, content_index: 0, audio_end_ms: 50 });
  await heard.type('conversation.item.truncated');
  speak(client, turn.slice(5));
  await heard.type('rate_limits.updated');
}

/** The number of pieces before an interruption is a matter of time. */
const withoutPieces = (events: readonly RealtimeServerEvent[]) =>
  events.map(({ type }) => type).filter((type) => !type.endsWith('.delta'));

function ofType<Type extends RealtimeServerEvent['type']>(events: readonly RealtimeServerEvent[], type: Type) {
  return events.filter((event): event is Extract<RealtimeServerEvent, { type: Type }> => event.type === type);
}

describe.each([
  ['OpenAIRealtimeWS', OpenAIRealtimeWS],
  ['OpenAIRealtimeWebSocket', OpenAIRealtimeWebSocket],
])('%s', (_, Class) => {
  test('a text turn streams tokens, and nothing shows that there is a gateway', async () => {
    const [events, expected] = await both(Class, textTurn);
    const deltas = ofType(events, 'response.output_text.delta').map(({ delta }) => delta);
    expect(deltas.length).toBeGreaterThan(3);
    expect(deltas.join('')).toBe('This is the rehearsal provider. You wrote: Good morning');
    expect(normalized(events)).toEqual(normalized(expected));
  });

  test('a voice turn is heard and answered in speech, and nothing shows that there is a gateway', async () => {
    const [events, expected] = await both(Class, voiceTurn);
    const [transcript] = ofType(events, 'response.output_audio_transcript.done');
    expect(transcript?.transcript).toBe('This is the rehearsal provider. I heard 3 seconds of speech.');
    const audio = ofType(events, 'response.output_audio.delta').map(({ delta }) => Buffer.from(delta, 'base64'));
    const seconds = Buffer.concat(audio).length / 2 / RATE_HZ;
    expect(seconds).toBeGreaterThan(5);
    expect(ofType(events, 'conversation.item.input_audio_transcription.completed')).toHaveLength(1);
    const [heard, wanted] = [byStream(events, realtimeStream), byStream(expected, realtimeStream)];
    expect(normalized(heard)).toEqual(normalized(wanted));
  });

  test('a tool is called and its output is answered, and nothing shows that there is a gateway', async () => {
    const [events, expected] = await both(Class, toolCall);
    expect(ofType(events, 'response.function_call_arguments.done')[0]).toMatchObject({
      name: 'weather',
      arguments: '{"city":"rehearsal"}',
    });
    expect(ofType(events, 'response.output_text.done')[0]?.text).toContain('{"sky":"clear"}');
    expect(normalized(events)).toEqual(normalized(expected));
  });

  test('a caller interrupts a reply, as without a gateway', async () => {
    const [events, expected] = await both(Class, interruption);
    const [cut, answer] = ofType(events, 'response.done');
    expect(cut?.response).toMatchObject({ status: 'cancelled', status_details: { reason: 'turn_detected' } });
    expect(answer?.response.status).toBe('completed');
    expect(withoutPieces(events)).toEqual(withoutPieces(expected));
  });

  test('a wrong key and a model that the key may not use are errors of the SDK before any event', async () => {
    const refused = [
      { apiKey: 'not-a-key-of-this-gateway', status: 401 },
      { apiKey: LISTED_KEY, model: 'gpt-realtime-mini', status: 403 },
    ];
    for (const { status, ...credential } of refused) {
      const { heard } = open(Class, gateway.https, credential);
      const error = await heard.type('session.created').catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(OpenAIRealtimeError);
      // The WebSocket of browsers does not tell the status.
      if (Class === OpenAIRealtimeWS) expect(error).toMatchObject({ message: `Unexpected server response: ${status}` });
      expect(heard.events).toEqual([]);
    }
  });

  test('a model that only a frame names and that the key may not use is an error event', async () => {
    const { client, heard } = open(Class, gateway.https, { apiKey: LISTED_KEY });
    await heard.type('session.created');
    const input = { transcription: { model: 'whisper-1' } };
    client.send({ type: 'session.update', event_id: 'my-event', session: { type: 'realtime', audio: { input } } });
    const error = await heard.type('session.updated').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(OpenAIRealtimeError);
    expect(error).toMatchObject({ error: { code: 'model_not_allowed', event_id: 'my-event' } });
  });
});
