// Sessions whose client and provider speak different vocabularies of OpenAI, over real sockets: what either end gets, and what is kept of it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closed, message } from '../../../support/inbox.ts';
import {
  heard,
  LISTED,
  say,
  startVocabularies,
  textFrom,
  type VocabularyGateway,
} from '../../../support/vocabularies.ts';

/** Base64 of every byte, several times. */
const SOUND = Buffer.from(Array.from({ length: 40 * 256 }, (_, at) => at % 256)).toString('base64');

let gateway: VocabularyGateway;
beforeAll(async () => {
  gateway = await startVocabularies();
});
afterAll(() => gateway.close());

const openOld = (how = {}) => gateway.open('/old/v1/realtime?model=m', how);
const openNew = (how = {}) => gateway.open('/new/v1/realtime?model=m', how);

describe('a client of the beta', () => {
  test('speaks with a provider of today: each gets its own words, and sound keeps its bytes', async () => {
    const { client, upstream } = await openOld();
    say(upstream, { type: 'session.created', event_id: 'e', session: { type: 'realtime', model: 'm-1' } });
    expect(await heard(client)).toEqual({ type: 'session.created', event_id: 'e', session: { model: 'm-1' } });
    say(client, { type: 'session.update', session: { modalities: ['audio', 'text'], temperature: 0.8 } });
    expect(await heard(upstream)).toEqual({
      type: 'session.update',
      session: { type: 'realtime', output_modalities: ['audio'] },
    });
    const append = `{"type": "input_audio_buffer.append",  "audio":"${SOUND}"}`;
    say(client, append);
    expect(await textFrom(upstream)).toBe(append);
    const delta = (name: string) => `{"event_id":"e2", "type":"${name}","delta":"${SOUND}" }`;
    say(upstream, delta('response.output_audio.delta'));
    expect(await textFrom(client)).toBe(delta('response.audio.delta'));
    await gateway.kept(client);
  });

  test('gets messages that came in pieces whole and in order, also around pings and what passes as it is', async () => {
    const { client, upstream } = await openOld();
    const created = JSON.stringify({
      type: 'session.created',
      session: { type: 'realtime', instructions: 'é'.repeat(300) },
    });
    const bytes = Buffer.from(created);
    upstream.send(bytes.subarray(0, 71), { fin: false, binary: false });
    upstream.ping('p');
    upstream.send(bytes.subarray(71), { fin: true, binary: false });
    say(upstream, 'no JSON');
    say(upstream, '{"type":"response.output_text.delta","delta":"a"}');
    expect((await heard(client)).session).toEqual({ instructions: 'é'.repeat(300) });
    expect(await textFrom(client)).toBe('no JSON');
    expect(await textFrom(client)).toBe('{"type":"response.text.delta","delta":"a"}');
    const update = Buffer.from('{"type":"session.update","session":{"voice":"ash"}}');
    client.send(update.subarray(0, 20), { fin: false, binary: false });
    client.send(update.subarray(20), { fin: true, binary: false });
    say(client, '{"type":"session.update","session":{');
    expect((await heard(upstream)).session.audio.output.voice).toBe('ash');
    expect(await textFrom(upstream)).toBe('{"type":"session.update","session":{');
    await gateway.kept(client);
  });

  test('may use the models of its list alone, wherever its own words name them', async () => {
    for (const session of [
      { model: 'other' },
      { input_audio_transcription: { model: 'other' } },
      { audio: { input: { transcription: { model: 'other' } } } },
    ]) {
      const { client } = await openOld({ secret: LISTED });
      say(client, { type: 'session.update', event_id: 'mine', session });
      expect((await heard(client)).error).toMatchObject({ code: 'model_not_allowed', event_id: 'mine' });
      expect((await closed(client)).code).toBe(1008);
      await gateway.nextEnd();
    }
  });

  test('may name the model that it asked for, which the provider knows by another name', async () => {
    const { client, upstream, request } = await gateway.open('/old/v1/realtime?model=voice', { secret: LISTED });
    expect(request?.url).toBe('/v1/realtime?model=m-one');
    say(client, { type: 'session.update', session: { model: 'voice' } });
    expect(await heard(upstream)).toEqual({ type: 'session.update', session: { type: 'realtime', model: 'm-one' } });
    await gateway.kept(client);
  });

  test('leaves the same as one of today: its model, its turns and what it used, each once', async () => {
    const { client, upstream } = await openOld();
    const provided = async (event: object, more = 1) => {
      say(upstream, event);
      for (let at = 0; at < more; at++) await message(client);
    };
    const item = { id: 'i2', role: 'assistant', status: 'in_progress', content: [] };
    await provided({ type: 'session.created', session: { type: 'realtime', model: 'm-1' } });
    await provided({ type: 'input_audio_buffer.speech_started', item_id: 'i1' });
    await provided({ type: 'input_audio_buffer.speech_stopped', item_id: 'i1' });
    await provided({ type: 'input_audio_buffer.committed', item_id: 'i1' });
    await provided({ type: 'conversation.item.added', item: { id: 'i1', role: 'user' } });
    await provided({ type: 'conversation.item.done', item: { id: 'i1', role: 'user' } }, 0);
    await provided({
      type: 'conversation.item.input_audio_transcription.completed',
      ...{ item_id: 'i1', transcript: 'Hello', usage: { type: 'tokens', input_tokens: 8, output_tokens: 2 } },
    });
    await provided({ type: 'conversation.item.added', item });
    await provided({ type: 'response.output_audio.delta', delta: SOUND });
    await provided({ type: 'response.output_audio_transcript.done', transcript: 'Hi there.' });
    await provided({ type: 'conversation.item.done', item }, 0);
    const usage = { input_tokens: 40, output_tokens: 60 };
    await provided({ type: 'response.done', response: { status: 'completed', output: [], usage } });
    const { record, turns } = await gateway.kept(client);
    expect(record).toMatchObject({ provider: 'old', dialect: 'openai-realtime', model: 'm-1' });
    expect(record.usage).toMatchObject({ inputTokens: 48, outputTokens: 62 });
    expect(record.turns).toHaveLength(1);
    expect(turns).toEqual([{ user: 'Hello', assistant: 'Hi there.' }]);
  });

  test('knows its transcription sessions, whose turns have no end', async () => {
    const { client, upstream } = await gateway.open('/old/v1/realtime?intent=transcription');
    say(upstream, { type: 'session.created', session: { type: 'transcription' } });
    expect((await heard(client)).type).toBe('transcription_session.created');
    say(client, {
      type: 'transcription_session.update',
      session: { input_audio_transcription: { model: 'whisper-1' } },
    });
    expect(await heard(upstream)).toEqual({
      type: 'session.update',
      session: { type: 'transcription', audio: { input: { transcription: { model: 'whisper-1' } } } },
    });
    await gateway.kept(client);
  });

  test('is closed with the code and reason of its provider, behind all that it said', async () => {
    const { client, upstream } = await openOld();
    say(upstream, { type: 'error', error: { param: 'session.audio.output.voice', message: 'no' } });
    upstream.close(4001, 'enough');
    expect((await heard(client)).error.param).toBe('session.voice');
    expect(await closed(client)).toEqual({ code: 4001, reason: 'enough' });
    await gateway.nextEnd();
  });
});

describe('a client of today', () => {
  test('speaks with a provider of the beta: each gets its own words, and sound keeps its bytes', async () => {
    const { client, upstream } = await openNew();
    say(client, { type: 'session.update', session: { type: 'realtime', audio: { output: { voice: 'v' } } } });
    expect(await heard(upstream)).toEqual({ type: 'session.update', session: { voice: 'v' } });
    say(upstream, { type: 'session.updated', session: { voice: 'v', model: 'm-1' } });
    expect((await heard(client)).session).toEqual({
      type: 'realtime',
      model: 'm-1',
      audio: { output: { voice: 'v' } },
    });
    const delta = (name: string) => `{"type":"${name}","delta":"${SOUND}"}`;
    say(upstream, delta('response.audio.delta'));
    expect(await textFrom(client)).toBe(delta('response.output_audio.delta'));
    say(upstream, { type: 'conversation.item.created', event_id: 'e', item: { id: 'i', status: 'completed' } });
    expect((await heard(client)).type).toBe('conversation.item.added');
    expect((await heard(client)).type).toBe('conversation.item.done');
    const usage = { input_tokens: 4, output_tokens: 6 };
    say(upstream, { type: 'response.audio_transcript.done', transcript: 'Hi.' });
    say(upstream, { type: 'response.done', response: { status: 'completed', usage } });
    expect((await heard(client)).type).toBe('response.output_audio_transcript.done');
    expect((await heard(client)).type).toBe('response.done');
    const { record, turns } = await gateway.kept(client);
    expect(record).toMatchObject({ dialect: 'openai-realtime-beta', model: 'm-1' });
    expect(record.usage).toEqual({ inputTokens: 4, outputTokens: 6 });
    expect(turns).toMatchObject([{ assistant: 'Hi.' }]);
  });

  test('names the account in its model, at a path of another that speaks its words', async () => {
    const { client, upstream, request } = await gateway.open('/v1/realtime?model=new/m');
    expect(request?.url).toBe('/v1/realtime?model=m');
    say(client, { type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    expect((await heard(upstream)).session).toEqual({ modalities: ['text'] });
    await gateway.kept(client);
  });

  test('may use the models of its list alone', async () => {
    const { client } = await openNew({ secret: LISTED });
    say(client, { type: 'session.update', session: { audio: { input: { transcription: { model: 'other' } } } } });
    expect((await heard(client)).error).toMatchObject({ code: 'model_not_allowed' });
    await gateway.nextEnd();
  });
});

test('an account without the option passes the words of the beta as they are', async () => {
  const { client, upstream } = await gateway.open('/plain/v1/realtime?model=m');
  const update = '{"type":"session.update","session":{"voice":"ash"}}';
  say(client, update);
  expect(await textFrom(upstream)).toBe(update);
  await gateway.kept(client);
});
