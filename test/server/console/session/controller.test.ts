// Sessions from the first click to the last report, with fakes in place of the browser.

import { describe, expect, test } from 'vitest';
import { modeOf } from '../../../../server/console/dialects/modes.ts';
import { fakeConsole, rehearsalInfo, settle } from '../../../support/console-fakes.ts';
import { live, notices, reply, state, textForm } from '../../../support/console-session.ts';

describe('starting', () => {
  test('a session dials the chosen dialect and model with an id of its own, and is ready when the provider is', async () => {
    const fake = await fakeConsole();
    await fake.controller.start();
    expect(fake.sockets[0]?.url.href).toBe(
      'ws://gateway.test:8080/v1/realtime?model=gpt-realtime-2.1&trunkline-session=session-1',
    );
    expect(fake.sockets[0]?.protocols).toEqual(['realtime']);
    expect(state(fake).phase).toBe('connecting');
    await fake.controller.start();
    expect(fake.sockets).toHaveLength(1);
    fake.sockets[0]?.socket.open();
    expect(state(fake).phase).toBe('preparing');
    fake.sockets[0]?.socket.receive({ type: 'session.updated' });
    expect(state(fake).phase).toBe('ready');
  });

  test('a text session opens neither a microphone nor a loudspeaker', async () => {
    const fake = await live(textForm);
    expect([fake.microphones, fake.players]).toEqual([[], []]);
  });

  test('each dialect gets the microphone at its own rate', async () => {
    const openai = await live();
    expect(openai.microphones[0]?.options.rateHz).toBe(24_000);
    const gemini = await live({ mode: modeOf('gemini-live-voice') });
    expect(gemini.microphones[0]?.options.rateHz).toBe(16_000);
  });

  test('a refused upgrade is explained by asking the same address over HTTP, with the key', async () => {
    const body = { error: { message: 'this key may not use openai/x' } };
    const replies = { '/v1/realtime': { status: 403, body } };
    const fake = await fakeConsole({ info: { ...rehearsalInfo, mode: 'keys' }, replies });
    fake.controller.edit({ key: 'secret-key' });
    await fake.controller.start();
    expect(fake.sockets[0]?.protocols).toContain('openai-insecure-api-key.secret-key');
    fake.sockets[0]?.socket.closeFromServer(1006, '');
    await settle();
    const asked = fake.requests.at(-1);
    expect(asked?.url).toBe('http://gateway.test:8080/v1/realtime?model=gpt-realtime-2.1');
    expect(asked?.headers).toEqual({ authorization: 'Bearer secret-key' });
    expect(state(fake).notices[0]?.detail).toContain('this key may not use openai/x');
    expect(state(fake).phase).toBe('closed');
  });

  test('a microphone that is denied leaves a session in which samples and text still work', async () => {
    const fake = await live({}, { openMicrophone: () => Promise.reject(new DOMException('no', 'NotAllowedError')) });
    expect(notices(fake)).toEqual(['The microphone is not allowed']);
    expect(state(fake)).toMatchObject({ phase: 'ready', microphone: 'off' });
  });

  test('a session that ends while the browser still asks for the microphone dials nothing and leaves nothing open', async () => {
    let allow: () => void = () => {};
    let closed = 0;
    const fake = await fakeConsole({
      openMicrophone: () =>
        new Promise((resolve) => {
          allow = () => resolve({ close: () => (closed += 1) });
        }),
    });
    const starting = fake.controller.start();
    await settle();
    fake.controller.end();
    allow();
    await starting;
    expect(fake.sockets).toEqual([]);
    expect(closed).toBe(1);
    expect(state(fake)).toMatchObject({ phase: 'closed', microphone: 'off' });
  });
});

describe('speaking', () => {
  test('the microphone is sent as it comes when the provider detects turns', async () => {
    const fake = await live();
    fake.microphones[0]?.speak();
    expect(fake.socket.sentTypes()).toEqual(['session.update', 'input_audio_buffer.append']);
    expect(state(fake).sentSamples).toBe(960);
    fake.controller.mute(true);
    fake.microphones[0]?.speak();
    expect(state(fake)).toMatchObject({ sentSamples: 960, microphone: 'muted' });
  });

  test('push-to-talk sends only what is spoken while it is held, and commits it', async () => {
    const fake = await live({ turnTaking: 'manual' });
    fake.microphones[0]?.speak();
    await fake.controller.beginPushToTalk();
    fake.clock.pass(400);
    fake.microphones[0]?.speak();
    fake.controller.endPushToTalk();
    fake.microphones[0]?.speak();
    expect(fake.socket.sentTypes().slice(1)).toEqual([
      'input_audio_buffer.append',
      'input_audio_buffer.commit',
      'response.create',
    ]);
    expect(state(fake).turns).toMatchObject([{ outcome: 'open', marks: { commit: 1400 } }]);
  });

  test('push-to-talk opens no microphone when only samples are chosen', async () => {
    const fake = await live({ input: 'samples', turnTaking: 'manual' });
    await fake.controller.beginPushToTalk();
    expect(fake.microphones).toEqual([]);
    expect(state(fake)).toMatchObject({ pushToTalk: false, microphone: 'off' });
  });

  test('sound after the end of speech that the provider names does not move that end', async () => {
    const fake = await live();
    const turn_detection = { type: 'server_vad', silence_duration_ms: 500 };
    fake.socket.receive({ type: 'session.updated', session: { audio: { input: { turn_detection } } } });
    const speak = (chunks: number, value: number) => {
      for (let i = 0; i < chunks; i++) {
        fake.clock.pass(40);
        fake.microphones[0]?.speak(value);
      }
    };
    speak(5, 0);
    speak(10, 8000);
    const endedAt = fake.clock.now();
    speak(8, 0);
    speak(1, 900);
    speak(4, 0);
    fake.socket.receive({ type: 'input_audio_buffer.speech_stopped', audio_end_ms: 600 + 500, item_id: 'u1' });
    expect(state(fake).turns).toMatchObject([{ marks: { 'speech-end': endedAt } }]);
  });

  test('a key that was only touched makes no turn', async () => {
    const fake = await live({ turnTaking: 'manual' });
    await fake.controller.beginPushToTalk();
    fake.clock.pass(40);
    fake.controller.endPushToTalk();
    expect(fake.socket.sentTypes().slice(1)).toEqual(['input_audio_buffer.clear']);
    expect(notices(fake)).toEqual(['Too brief']);
    expect(state(fake).turns).toEqual([]);
  });

  test('a recording is played to the caller and sent at the pace of speech, in manual and in detected turns', async () => {
    const fake = await live({ input: 'samples', turnTaking: 'manual' });
    await fake.controller.playSample('librivox-0880.wav');
    expect(fake.player.asides).toBe(1);
    expect(state(fake).sample).toBe('librivox-0880.wav');
    fake.clock.pass(1200);
    const types = fake.socket.sentTypes();
    expect(types.filter((type) => type === 'input_audio_buffer.append')).toHaveLength(25);
    expect(types.slice(-2)).toEqual(['input_audio_buffer.commit', 'response.create']);
    expect(state(fake).sample).toBeUndefined();

    const detecting = await live({ input: 'samples' });
    await detecting.controller.playSample('librivox-0880.wav');
    detecting.clock.pass(3000);
    expect(detecting.socket.sentTypes().at(-1)).toBe('input_audio_buffer.append');
    expect(state(detecting).sentSamples).toBe(52_800);
  });
});

test('an example function is answered by the page and shown', async () => {
  const fake = await live({ ...textForm, tools: true });
  await fake.controller.write('what time is it?');
  fake.socket.receive({ type: 'response.created', response: { id: 'r' } });
  const item = { type: 'function_call', call_id: 'c', name: 'get_local_time', arguments: '{}' };
  fake.socket.receive({ type: 'response.output_item.done', item });
  expect(fake.socket.sent.at(-1)).toMatchObject({ item: { type: 'function_call_output', call_id: 'c' } });
  expect(state(fake).captions.at(-1)).toMatchObject({ side: 'tool', text: expect.stringContaining('2027') });
});

test("the gateway's record is read after each turn, with the key that the session used", async () => {
  const residence = { count: 9, p50: 20, p99: 90, max: 99 };
  const report = { id: 'session-1', state: 'open', residenceUs: { upstream: residence, downstream: residence } };
  const replies = { '/v1/sessions/session-1': { status: 200, body: report } };
  const fake = await live({ ...textForm, key: 'secret-key' }, { replies });
  await fake.controller.write('hello');
  fake.socket.receive({ type: 'response.created', response: { id: 'r' } });
  fake.socket.receive({ type: 'response.done', response: { status: 'completed' } });
  await settle();
  expect(fake.requests.at(-1)).toEqual({
    url: 'http://gateway.test:8080/v1/sessions/session-1',
    headers: { authorization: 'Bearer secret-key' },
  });
  expect(state(fake).turns).toMatchObject([{ outcome: 'completed', gatewayUs: 40 }]);
});

test('the end of a session closes everything and shows code and reason', async () => {
  const fake = await live();
  reply(fake.socket, 'a', 3000);
  fake.socket.closeFromServer(1011, 'boom');
  await settle();
  expect(fake.microphones[0]?.closed).toBe(true);
  expect(fake.player.closed).toBe(true);
  expect(state(fake)).toMatchObject({ phase: 'closed', replying: false, microphone: 'off' });
  expect(state(fake).notices[0]?.detail).toContain('boom. (close code 1011)');
  expect(state(fake).captions).toMatchObject([{ text: 'Hello', final: true }]);
});

test('a new session starts from a clean page and keeps the form', async () => {
  const fake = await live();
  reply(fake.socket, 'a', 100);
  fake.controller.end();
  fake.socket.closeFromServer(1000, 'OK');
  await fake.controller.start();
  expect(state(fake)).toMatchObject({ captions: [], turns: [], notices: [], session: { id: 'session-2' } });
  expect(fake.controller.log.total).toBe(0);
});

test('errors of the provider are shown without ending the session', async () => {
  const fake = await live();
  fake.socket.receive({ type: 'error', error: { code: 'invalid_value', message: 'Bad voice' } });
  expect(notices(fake)).toEqual(['The provider reported an error']);
  expect(state(fake).phase).toBe('ready');
  fake.controller.dismiss(state(fake).notices[0]?.id ?? 0);
  expect(notices(fake)).toEqual([]);
});
