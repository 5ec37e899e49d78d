// The messages of Gemini Live on a virtual clock.

import { describe, expect, test } from 'vitest';
import { geminiLiveDialect } from '../../../../adapters/realtime/gemini/dialect.ts';
import { concatSamples, pcm16Bytes } from '../../../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../../../codecs/text/base64.ts';
import { at, type Event, silence, tone } from '../../../support/dialogue.ts';
import { frameOf } from '../../../support/frames.ts';
import { audioBytes, connectLive, contents, openLive, RATE, speak, turn } from '../../../support/live-dialogue.ts';

describe('the setup', () => {
  test('is answered with setupComplete, in a binary frame', () => {
    const dialogue = openLive();
    expect(dialogue.messages.map(({ event, binary }) => [Object.keys(event), binary])).toEqual([
      [['setupComplete'], true],
    ]);
  });

  test('is answered in a text frame when binaryFrames is off', () => {
    expect(openLive({}, { binaryFrames: false }).messages[0]?.binary).toBe(false);
  });

  test('may come in a binary frame', () => {
    const dialogue = connectLive();
    dialogue.send({ setup: { model: 'models/x' } }, true);
    expect(dialogue.types).toEqual(['setupComplete']);
  });

  test('closes the connection when it does not come first, or comes twice', () => {
    const early = connectLive();
    early.send({ realtimeInput: { text: 'hello' } });
    expect(early.closed?.code).toBe(1007);
    const twice = openLive();
    twice.send({ setup: { model: 'models/x' } });
    expect(twice.closed?.code).toBe(1007);
  });
});

describe('a spoken turn', () => {
  test('is answered in speech, generationComplete, then turnComplete with the usage', () => {
    const dialogue = openLive();
    speak(dialogue, turn(1000));
    dialogue.advance(20_000);
    expect(dialogue.types).toEqual(['setupComplete', 'modelTurn', 'generationComplete', 'turnComplete']);
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. I heard 1 second of speech.']);
    const audio = contents(dialogue, 'modelTurn');
    expect(at(audio[0], 'serverContent.modelTurn.parts.0.inlineData.mimeType')).toBe('audio/pcm;rate=24000');
    expect(audioBytes(audio[0] as Event)).toBe(4800);
    const playedMs = audio.reduce((sum, event) => sum + audioBytes(event), 0) / 48;
    expect(playedMs).toBeGreaterThan(1000 + 200 + 1000);
  });

  test('ends only when the audio would have been played', () => {
    const dialogue = openLive();
    speak(dialogue, turn(1000));
    dialogue.advance(20_000);
    const first = dialogue.messages.find(({ event }) => at(event, 'serverContent.modelTurn'));
    const playedMs = contents(dialogue, 'modelTurn').reduce((sum, event) => sum + audioBytes(event), 0) / 48;
    const over = dialogue.messages.find(({ event }) => at(event, 'serverContent.turnComplete'));
    expect((over?.at ?? 0) - (first?.at ?? 0)).toBeCloseTo(playedMs, 3);
  });

  test('ends at once when awaitPlayback is off', () => {
    const dialogue = openLive({}, { awaitPlayback: false });
    speak(dialogue, turn(1000));
    dialogue.advance(20_000);
    const times = ['generationComplete', 'turnComplete'].map(
      (key) => dialogue.messages.find(({ event }) => at(event, `serverContent.${key}`))?.at,
    );
    expect(times[0]).toBe(times[1]);
  });

  test('has transcripts of both sides when the setup asks for them', () => {
    const dialogue = openLive({ inputAudioTranscription: {}, outputAudioTranscription: {} });
    speak(dialogue, turn(2000));
    dialogue.advance(20_000);
    const text = (key: string) =>
      contents(dialogue, key)
        .map((event) => at(event, `serverContent.${key}.text`))
        .join('');
    expect(text('inputTranscription')).toBe('(2 seconds of speech)');
    expect(text('outputTranscription')).toBe('This is the rehearsal provider. I heard 2 seconds of speech.');
  });

  test.each([8000, 24_000, 48_000, 44_100])('is found at %d Hz', (sampleRateHz) => {
    const dialogue = openLive();
    speak(dialogue, concatSamples([tone(1000, sampleRateHz), silence(700, sampleRateHz)]), sampleRateHz);
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. I heard 1 second of speech.']);
  });

  test('is found in the old mediaChunks too', () => {
    const dialogue = openLive();
    const data = encodeBase64(pcm16Bytes(turn(1000)));
    dialogue.send({ realtimeInput: { mediaChunks: [{ data, mimeType: 'audio/pcm' }] } });
    expect(dialogue.spoken.length).toBe(1);
  });

  test('ends with audioStreamEnd, without waiting for silence', () => {
    const dialogue = openLive();
    speak(dialogue, tone(1000, RATE));
    expect(dialogue.spoken).toEqual([]);
    dialogue.send({ realtimeInput: { audioStreamEnd: true } });
    expect(dialogue.spoken.length).toBe(1);
  });

  test('has signals of voice activity when the setup asks for them', () => {
    const dialogue = openLive({ explicitVadSignal: true });
    speak(dialogue, concatSamples([silence(1000, RATE), turn(1000)]));
    const signals = dialogue.messages.flatMap(({ event }) => (event.voiceActivity ? [event.voiceActivity] : []));
    expect(signals).toEqual([
      { voiceActivityType: 'ACTIVITY_START', audioOffset: '0.700s' },
      { voiceActivityType: 'ACTIVITY_END', audioOffset: '2.600s' },
    ]);
    const marks = dialogue.messages.map(
      ({ event }) => geminiLiveDialect.observe(frameOf(event, true), 'downstream')?.mark,
    );
    expect(marks.filter((mark) => mark !== undefined)).toEqual(['speech-started', 'speech-stopped']);
  });
});

describe('activity that the client marks', () => {
  const marked = { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } };

  test('makes a turn from activityStart to activityEnd', () => {
    const dialogue = openLive(marked);
    speak(dialogue, tone(3000, RATE));
    dialogue.send({ realtimeInput: { activityStart: {} } });
    speak(dialogue, turn(1300));
    dialogue.advance(5000);
    expect(dialogue.spoken).toEqual([]);
    dialogue.send({ realtimeInput: { activityEnd: {} } });
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. I heard 2 seconds of speech.']);
  });

  test('interrupts the turn of the model', () => {
    const dialogue = openLive(marked);
    dialogue.send({ realtimeInput: { text: 'hello' } });
    dialogue.advance(350);
    dialogue.send({ realtimeInput: { activityStart: {} } });
    expect(dialogue.types.slice(-2)).toEqual(['interrupted', 'turnComplete']);
  });

  test('is answered without audio too', () => {
    const dialogue = openLive(marked);
    dialogue.send({ realtimeInput: { activityStart: {} } });
    dialogue.send({ realtimeInput: { activityEnd: {} } });
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. I heard less than one second of speech.']);
  });

  test('is refused while the provider detects activity itself', () => {
    const dialogue = openLive();
    dialogue.send({ realtimeInput: { activityStart: {} } });
    expect(dialogue.closed?.code).toBe(1007);
  });
});

describe('text', () => {
  test('is answered in text pieces when the modality is TEXT', () => {
    const dialogue = openLive({ generationConfig: { responseModalities: ['TEXT'] } });
    dialogue.send({
      clientContent: { turns: [{ role: 'user', parts: [{ text: 'good morning' }] }], turnComplete: true },
    });
    dialogue.advance(5000);
    const pieces = contents(dialogue, 'modelTurn').map((event) => at(event, 'serverContent.modelTurn.parts.0.text'));
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join('')).toBe('This is the rehearsal provider. You wrote: good morning');
    expect(dialogue.types.slice(-2)).toEqual(['generationComplete', 'turnComplete']);
    expect(dialogue.spoken).toEqual([]);
  });

  test('is only context when the turn is not complete', () => {
    const dialogue = openLive();
    dialogue.send({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'hello' }] }] } });
    dialogue.advance(5000);
    expect(dialogue.types).toEqual(['setupComplete']);
  });

  test('waits for the turn in progress when it comes by realtimeInput', () => {
    const dialogue = openLive();
    dialogue.send({ realtimeInput: { text: 'first' } });
    dialogue.advance(350);
    dialogue.send({ realtimeInput: { text: 'second' } });
    dialogue.advance(20_000);
    expect(dialogue.types).not.toContain('interrupted');
    expect(dialogue.spoken.map((text) => text.split(': ')[1])).toEqual(['first', 'second']);
  });
});

describe('resumption', () => {
  test('is offered after the setup and after every turn, and its handle is accepted', () => {
    const dialogue = openLive({ sessionResumption: {} });
    dialogue.send({ realtimeInput: { text: 'x' } });
    dialogue.advance(20_000);
    const updates = dialogue.messages.flatMap(({ event }) => (event.sessionResumptionUpdate ? [event] : []));
    expect(updates.length).toBe(2);
    const handle = at(updates[1], 'sessionResumptionUpdate.newHandle');
    expect(openLive({ sessionResumption: { handle } }).types).toEqual(['setupComplete', 'sessionResumptionUpdate']);
  });

  test('is refused for a stale handle', () => {
    expect(openLive({ sessionResumption: { handle: 'stale' } }).closed).toEqual({
      code: 1007,
      reason: 'Invalid session resumption handle.',
    });
  });
});

test('the end of a connection is announced by goAway', () => {
  const dialogue = openLive({}, { goAway: { afterMs: 10_000, timeLeftMs: 5000 } });
  dialogue.advance(10_000);
  expect(dialogue.messages.at(-1)?.event).toEqual({ goAway: { timeLeft: '5s' } });
  dialogue.advance(4999);
  expect(dialogue.closed).toBeUndefined();
  dialogue.advance(1);
  expect(dialogue.closed).toEqual({ code: 1011, reason: 'Deadline expired before operation could complete.' });
});
