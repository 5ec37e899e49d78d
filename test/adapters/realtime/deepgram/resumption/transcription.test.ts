// Transcriptions of Deepgram that survive their provider's socket, over real sockets: what the next one is told, and what the client sees.

import { afterEach, describe, expect, test } from 'vitest';
import { closed } from '../../../../support/inbox.ts';
import { playedCall, soundOf } from '../../../../support/played-call.ts';
import { endCalls } from '../../../../support/surviving-call.ts';
import { until } from '../../../../support/until.ts';

afterEach(endCalls);

const RATE = 16_000;
const raw = 'encoding=linear16&sample_rate=8000';
const deepgramWords = (start: number, transcript: string) => ({
  alternatives: [{ transcript, confidence: 1, words: [{ word: transcript, start, end: start + 0.1 }] }],
});
const results = (start: number, duration: number, transcript: string, marks: object) => ({
  type: 'Results',
  channel_index: [0, 1],
  ...{ start, duration, ...marks },
  channel: deepgramWords(start + 0.01, transcript),
});

describe('a transcription of Deepgram', () => {
  const NOVA = `/v1/listen?model=nova-3&${raw}`;

  test('goes on in mid-speech: the sound behind the last final words is said again, to the byte, and times go on', async () => {
    const { say, leg, events, closes } = await playedCall(NOVA);
    const all = soundOf(1000, RATE);
    for (let at = 0; at < 800; at += 100) say(all.subarray((at * RATE) / 1000, ((at + 100) * RATE) / 1000));
    const first = await leg(1);
    await until(() => first.sound().length === 12_800);
    first.tell(results(0, 0.44, 'one', { is_final: true, speech_final: false }));
    first.tell(results(0.44, 0.3, 'tw', { is_final: false, speech_final: false }));
    await until(() => events.length === 2);
    first.ws.terminate();
    const second = await leg(2);
    await until(() => second.sound().length === 12_800 - 7040);
    say(all.subarray(12_800));
    await until(() => second.sound().length === 16_000 - 7040);
    expect(second.sound()).toEqual(all.subarray(7040));
    expect(second.request.url).toBe(first.request.url);
    second.tell({ type: 'SpeechStarted', channel: [0, 1], timestamp: 0 });
    second.tell(results(0, 0.5, 'two', { is_final: true, speech_final: true }));
    second.tell({ type: 'SpeechStarted', channel: [0, 1], timestamp: 0.6 });
    second.tell({ type: 'UtteranceEnd', channel: [0, 1], last_word_end: 0.9 });
    await until(() => events.length === 5);
    expect(events.slice(2)).toEqual([
      {
        ...results(0.44, 0.5, 'two', { is_final: true, speech_final: true }),
        channel: {
          alternatives: [{ transcript: 'two', confidence: 1, words: [{ word: 'two', start: 0.45, end: 0.55 }] }],
        },
      },
      { type: 'SpeechStarted', channel: [0, 1], timestamp: 1.04 },
      { type: 'UtteranceEnd', channel: [0, 1], last_word_end: 1.34 },
    ]);
    expect(closes).toEqual([]);
  });

  test('is told again what it was asked at the end, and ends with the close that comes of it', async () => {
    const { say, leg, events, client } = await playedCall(NOVA);
    say({ type: 'Configure', keyterms: ['noon'] });
    say(soundOf(200, RATE));
    say({ type: 'Finalize' });
    say({ type: 'KeepAlive' });
    say({ type: 'CloseStream' });
    const first = await leg(1);
    await until(() => first.said.length === 4);
    first.ws.terminate();
    const second = await leg(2);
    await until(() => second.said.length === 3);
    expect(second.said).toEqual([
      { type: 'Configure', keyterms: ['noon'] },
      { type: 'Finalize' },
      { type: 'CloseStream' },
    ]);
    expect(second.sound()).toEqual(soundOf(200, RATE));
    second.tell(results(0, 0.2, 'noon', { is_final: true, from_finalize: true }));
    second.tell({ type: 'Metadata', request_id: 'r2', duration: 0.2, channels: 1 });
    second.ws.close(1000);
    expect(await closed(client)).toMatchObject({ code: 1000 });
    expect(events.map(({ type }) => type)).toEqual(['Results', 'Metadata']);
  });

  test('is final where all of its channels are', async () => {
    const { say, leg, events } = await playedCall(`/v1/listen?model=nova-3&${raw}&multichannel=true&channels=2`);
    say(soundOf(400, 2 * RATE));
    const first = await leg(1);
    await until(() => first.sound().length === 12_800);
    first.tell({ ...results(0, 0.4, 'a', { is_final: true }), channel_index: [0, 2] });
    first.tell({ ...results(0, 0.2, 'b', { is_final: true }), channel_index: [1, 2] });
    await until(() => events.length === 2);
    first.ws.terminate();
    const second = await leg(2);
    await until(() => second.sound().length > 0);
    expect(second.sound().length).toBe(6400);
    expect(second.sound().equals(soundOf(400, 2 * RATE).subarray(6400))).toBe(true);
  });

  test('ends where its client was silent for too long, and where nobody knows how long its sound is', async () => {
    const silent = await playedCall(NOVA);
    silent.say(soundOf(100, RATE));
    const leg = await silent.leg(1);
    await until(() => leg.sound().length > 0);
    leg.ws.close(1011, 'NET-0001: no message within the timeout window');
    expect(await closed(silent.client)).toMatchObject({ code: 1011 });
    const contained = await playedCall('/v1/listen?model=nova-3');
    contained.say(soundOf(100, RATE));
    const only = await contained.leg(1);
    await until(() => only.sound().length > 0);
    only.ws.close(1011, 'gone');
    expect(await closed(contained.client)).toMatchObject({ code: 1011 });
  });
});

describe('a transcription by Flux', () => {
  const turn = (sequence_id: number, event: string, turn_index: number, at: number) => ({
    ...{ type: 'TurnInfo', request_id: 'r', sequence_id, event, turn_index },
    ...{ audio_window_start: 0, audio_window_end: at, transcript: event, words: [] },
  });

  test('goes on within a turn: the client sees no second beginning, and counts go on', async () => {
    const { say, leg, events, closes } = await playedCall(`/v2/listen?model=flux-general-en&${raw}`, () => [
      { type: 'Connected', request_id: 'r', sequence_id: 0 },
    ]);
    say(soundOf(800, RATE));
    const first = await leg(1);
    await until(() => first.sound().length > 0);
    first.tell(turn(1, 'StartOfTurn', 0, 0.1));
    first.tell(turn(2, 'EndOfTurn', 0, 0.4));
    first.tell(turn(3, 'StartOfTurn', 1, 0.6));
    await until(() => events.length === 4);
    first.ws.close(1011);
    const second = await leg(2);
    await until(() => second.sound().length > 0);
    expect(second.sound()).toEqual(soundOf(800, RATE).subarray(0.4 * RATE));
    second.tell(turn(1, 'StartOfTurn', 0, 0.2));
    second.tell(turn(2, 'EndOfTurn', 0, 0.4));
    second.tell(turn(3, 'StartOfTurn', 1, 0.6));
    await until(() => events.length === 6);
    expect(events.slice(4)).toEqual([
      { ...turn(4, 'EndOfTurn', 1, 0.8), audio_window_start: 0.4 },
      { ...turn(5, 'StartOfTurn', 2, 1), audio_window_start: 0.4 },
    ]);
    expect(closes).toEqual([]);
  });
});
