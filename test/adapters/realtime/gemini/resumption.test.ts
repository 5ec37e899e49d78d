// Sessions of Gemini that survive the socket of their provider, over real sockets: by a handle, and by the words that were said.

import { afterEach, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { FollowedSession } from '../../../../adapters/realtime/contract/resumption.ts';
import { geminiResumption } from '../../../../adapters/realtime/gemini/resumption.ts';
import type { JsonObject } from '../../../../codecs/json/object.ts';
import { openClient, startGateway } from '../../../support/gateway.ts';
import { closed, message } from '../../../support/inbox.ts';
import { type FakeProvider, startProvider } from '../../../support/provider.ts';
import { until } from '../../../support/until.ts';

const PATH =
  '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k&trunkline-survive=provider';
const SETUP = { model: 'models/gemini-3-live', systemInstruction: { parts: [{ text: 'Be kind.' }] } };
type Told = Record<string, never>;

interface ProviderLeg {
  readonly ws: WebSocket;
  readonly told: Told[];
  send(event: object): void;
}

let stop: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of stop.reverse()) await end();
  stop = [];
});

/** `answers`: the number of sockets that answer their setup. */
async function call(setup: object = SETUP, config: Record<string, unknown> = {}, answers = Number.POSITIVE_INFINITY) {
  const legs: ProviderLeg[] = [];
  const provider: FakeProvider = await startProvider({
    onSession(ws) {
      const isAnswering = legs.length < answers;
      const told: Told[] = [];
      const send = (event: object): void => ws.send(JSON.stringify(event));
      legs.push({ ws, told, send });
      ws.on('message', (data) => {
        const event = JSON.parse(String(data)) as Told;
        told.push(event);
        if (event.setup && isAnswering) send({ setupComplete: { sessionId: `s${legs.length}` } });
      });
    },
  });
  const gateway = await startGateway({ provider: provider.url, ...config });
  stop.push(
    () => provider.close(),
    () => gateway.close(),
  );
  const client = await openClient(gateway.url + PATH);
  stop.push(async () => client.terminate());
  const events: Record<string, unknown>[] = [];
  void (async () => {
    for (;;) events.push(JSON.parse(String((await message(client)).data)));
  })();
  const send = (event: object): void => client.send(JSON.stringify(event));
  send({ setup });
  await until(() => events.length > 0);
  const leg = async (number: number): Promise<ProviderLeg> => {
    await until(() => legs.length >= number && (legs[number - 1]?.told.length ?? 0) > 0);
    return legs[number - 1] as ProviderLeg;
  };
  return { client, events, legs, gateway, send, leg };
}

const sound = (data: string) => ({ realtimeInput: { audio: { data, mimeType: 'audio/pcm;rate=16000' } } });
const spoken = (data: string) => ({
  serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }] } },
});
const COMPLETE = { setupComplete: { sessionId: 's1' } };

test('a socket that goes away is left between turns, by the newest handle, and the client sees nothing of it', async () => {
  const { events, legs, send, leg } = await call();
  const first = await leg(1);
  expect(first.told[0]).toEqual({ setup: { ...SETUP, sessionResumption: {} } });
  first.send({ sessionResumptionUpdate: { newHandle: 'h1', resumable: true } });
  first.send(spoken('AAAA'));
  first.send({ sessionResumptionUpdate: { newHandle: '', resumable: false } });
  first.send({ goAway: { timeLeft: '30s' } });
  await until(() => events.length === 2);
  await until(() => legs.length === 2);
  expect(legs[1]?.told).toEqual([]);
  first.send({ serverContent: { turnComplete: true } });
  const second = await leg(2);
  expect(second.told[0]).toEqual({ setup: { ...SETUP, sessionResumption: { handle: 'h1' } } });
  send(sound('Ynll'));
  second.send({ serverContent: { turnComplete: true } });
  await until(() => second.told.length === 2);
  expect(second.told[1]).toEqual(sound('Ynll'));
  await until(() => events.length === 4);
  expect(events).toEqual([
    COMPLETE,
    spoken('AAAA'),
    { serverContent: { turnComplete: true } },
    { serverContent: { turnComplete: true } },
  ]);
});

test('a client that asks for handles itself is given them', async () => {
  const { events, leg } = await call({ ...SETUP, sessionResumption: {} });
  const first = await leg(1);
  const update = { sessionResumptionUpdate: { newHandle: 'h1', resumable: true } };
  first.send(update);
  await until(() => events.length === 2);
  expect(events[1]).toEqual(update);
});

test('a reply that was cut is ended, and what was not heard is said again once the next socket is set up', async () => {
  const { events, send, leg } = await call();
  const first = await leg(1);
  first.send({ sessionResumptionUpdate: { newHandle: 'h1', resumable: true } });
  first.send(spoken('AAAA'));
  await until(() => events.length === 2);
  send(sound('bmV3'));
  await until(() => first.told.length === 2);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.told.length === 2);
  expect(second.told[1]).toEqual(sound('bmV3'));
  await until(() => events.length === 3);
  expect(events[2]).toEqual({ serverContent: { turnComplete: true } });
});

test('speech that the client has ended is said again with its end, in order', async () => {
  const { send, leg } = await call();
  const first = await leg(1);
  const spoken = [{ realtimeInput: { activityStart: {} } }, sound('bmV3'), { realtimeInput: { activityEnd: {} } }];
  for (const event of spoken) send(event);
  await until(() => first.told.length === 4);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.told.length === 4);
  expect(second.told.slice(1)).toEqual(spoken);
});

test('a question without an answer is asked again', async () => {
  const { send, leg, events } = await call();
  const first = await leg(1);
  first.send({ sessionResumptionUpdate: { newHandle: 'h1', resumable: true } });
  const question = { clientContent: { turns: [{ role: 'user', parts: [{ text: 'Well?' }] }], turnComplete: true } };
  send(question);
  await until(() => first.told.length === 2);
  first.ws.close(1011, 'Deadline expired');
  const second = await leg(2);
  await until(() => second.told.length === 2);
  expect(second.told).toEqual([{ setup: { ...SETUP, sessionResumption: { handle: 'h1' } } }, question]);
  expect(events).toEqual([COMPLETE]);
});

test('without a handle the next socket is told the words that were said', async () => {
  const { events, leg } = await call();
  const first = await leg(1);
  first.send({ serverContent: { inputTranscription: { text: 'What is' } } });
  first.send({ serverContent: { inputTranscription: { text: ' the time?' } } });
  first.send({ serverContent: { outputTranscription: { text: 'Noon.' } } });
  first.send({ serverContent: { turnComplete: true } });
  await until(() => events.length === 5);
  first.ws.terminate();
  const second = await leg(2);
  await until(() => second.told.length === 2);
  expect(second.told).toEqual([
    { setup: { ...SETUP, sessionResumption: {} } },
    {
      clientContent: {
        turns: [
          { role: 'user', parts: [{ text: 'What is the time?' }] },
          { role: 'model', parts: [{ text: 'Noon.' }] },
        ],
        turnComplete: false,
      },
    },
  ]);
});

test('words of the user that are being transcribed are not left within: the move waits for the end of the reply', async () => {
  const { events, legs, leg } = await call();
  const first = await leg(1);
  first.send({ serverContent: { inputTranscription: { text: 'What is' } } });
  first.send({ goAway: { timeLeft: '30s' } });
  await until(() => legs.length === 2);
  expect(legs[1]?.told).toEqual([]);
  first.send(spoken('AAAA'));
  first.send({ serverContent: { turnComplete: true } });
  await leg(2);
  await until(() => events.length === 4);
  expect(events.slice(1).map((event) => Object.keys(event.serverContent as object)[0])).toEqual([
    ...['inputTranscription', 'modelTurn', 'turnComplete'],
  ]);
});

test('without a handle the context of an earlier session is told again, and a question that is asked again is not told beside', () => {
  const followed = geminiResumption.follow({ first: [], cutReply: 'incomplete', context: 'They like tea.' });
  const frame = (event: object) => ({ data: Buffer.from(JSON.stringify(event)), binary: false, at: 0 });
  const question = { clientContent: { turns: [{ role: 'user', parts: [{ text: 'Well?' }] }], turnComplete: true } };
  followed.fromClient(frame({ setup: SETUP }));
  followed.fromProvider(frame(COMPLETE));
  followed.fromProvider(frame({ serverContent: { outputTranscription: { text: 'Hello.' } } }));
  followed.fromClient(frame(question));
  followed.move(0);
  const parts = (text: string) => [{ text }];
  expect(followed.opened().map(({ data }) => JSON.parse(data.toString()))).toEqual([
    {
      clientContent: {
        turns: [
          { role: 'user', parts: parts('They like tea.') },
          { role: 'model', parts: parts('Hello.') },
        ],
        turnComplete: false,
      },
    },
    question,
  ]);
});

test('a socket that never answers its setup ends the session', async () => {
  const { client, leg, legs } = await call(SETUP, { limits: { surviveMs: 300 } }, 1);
  (await leg(1)).ws.terminate();
  expect(await closed(client)).toMatchObject({ code: 1011 });
  expect(legs).toHaveLength(2);
});

test('a session that another process has followed moves by its handle, else by its setup and its words', () => {
  const frame = (message: object) => ({ data: Buffer.from(JSON.stringify(message)), binary: false, at: 0 });
  const options = { first: [], cutReply: 'incomplete' } as const;
  const follow = (saved?: JsonObject) => geminiResumption.follow({ ...options, saved });
  const told = (followed: FollowedSession) => followed.move(0).toProvider.map(({ data }) => JSON.parse(String(data)));
  const first = follow();
  first.fromClient(frame({ setup: SETUP }));
  first.fromProvider(frame({ setupComplete: {} }));
  first.fromClient(
    frame({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'Hello.' }] }], turnComplete: true } }),
  );
  first.fromProvider(frame({ serverContent: { turnComplete: true } }));
  const words = follow(JSON.parse(JSON.stringify(first.saved)));
  expect(words.isEstablished).toBe(true);
  expect(told(words)).toEqual([{ setup: { ...SETUP, sessionResumption: {} } }]);
  words.fromProvider(frame({ setupComplete: {} }));
  expect(
    words
      .opened()
      .map(({ data }) => String(data))
      .join(),
  ).toContain('Hello.');
  first.fromProvider(frame({ sessionResumptionUpdate: { newHandle: 'h1', resumable: true } }));
  const handle = follow(JSON.parse(JSON.stringify(first.saved)));
  expect(told(handle)).toEqual([{ setup: { ...SETUP, sessionResumption: { handle: 'h1' } } }]);
  expect(handle.fromProvider(frame({ setupComplete: {} }))).toBe('nothing');
  expect(handle.opened()).toEqual([]);
});
