// The turns of Gemini Live, message by message, on a fake clock.

import { describe, expect, test } from 'vitest';
import { encodeBase64 } from '../../../codecs/base64.ts';
import { bytesOf, concatenate } from '../../../codecs/pcm16.ts';
import { at, Dialogue, type Event, silence, tone } from '../../support/dialogue.ts';

const PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const times = {
  firstAudioMs: 300,
  firstTextMs: 200,
  tokenMs: 10,
  audioSpeed: 10,
  audioChunkMs: 100,
  transcriptionMs: 150,
};
const RATE = 16_000;

function connect(options: object = {}): Dialogue {
  return new Dialogue(PATH, { options: { times, ...options } });
}

function open(setup: object = {}, options: object = {}): Dialogue {
  const dialogue = connect(options);
  dialogue.send({ setup: { model: 'models/gemini-live', ...setup } });
  return dialogue;
}

function speak(dialogue: Dialogue, samples: Int16Array, sampleRateHz = RATE): void {
  const step = sampleRateHz / 10;
  for (let start = 0; start < samples.length; start += step) {
    const data = encodeBase64(bytesOf(samples.subarray(start, start + step)));
    dialogue.send({ realtimeInput: { audio: { data, mimeType: `audio/pcm;rate=${sampleRateHz}` } } });
    dialogue.advance(100);
  }
}

const turn = (speechMs: number) => concatenate([tone(speechMs, RATE), silence(700, RATE)]);
const contents = (dialogue: Dialogue, key: string): Event[] =>
  dialogue.said.flatMap(({ event }) => (at(event, `serverContent.${key}`) === undefined ? [] : [event]));
const audioBytes = (event: Event) =>
  Buffer.from(String(at(event, 'serverContent.modelTurn.parts.0.inlineData.data')), 'base64').length;

describe('the setup', () => {
  test('is answered with setupComplete, in a binary frame', () => {
    const dialogue = open();
    expect(dialogue.said.map(({ event, binary }) => [Object.keys(event), binary])).toEqual([[['setupComplete'], true]]);
  });

  test('is answered in a text frame when that is asked for', () => {
    expect(open({}, { binaryFrames: false }).said[0]?.binary).toBe(false);
  });

  test('may come in a binary frame', () => {
    const dialogue = connect();
    dialogue.send({ setup: { model: 'models/x' } }, true);
    expect(dialogue.types).toEqual(['setupComplete']);
  });

  test('must come first, and only once', () => {
    const early = connect();
    early.send({ realtimeInput: { text: 'hello' } });
    expect(early.closed?.code).toBe(1007);
    const twice = open();
    twice.send({ setup: { model: 'models/x' } });
    expect(twice.closed?.code).toBe(1007);
  });
});

describe('a spoken turn', () => {
  test('is answered in speech, generationComplete, then turnComplete with the usage', () => {
    const dialogue = open();
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

  test('is over only when the audio was played', () => {
    const dialogue = open();
    speak(dialogue, turn(1000));
    dialogue.advance(20_000);
    const first = dialogue.said.find(({ event }) => at(event, 'serverContent.modelTurn'));
    const playedMs = contents(dialogue, 'modelTurn').reduce((sum, event) => sum + audioBytes(event), 0) / 48;
    const over = dialogue.said.find(({ event }) => at(event, 'serverContent.turnComplete'));
    expect((over?.at ?? 0) - (first?.at ?? 0)).toBeCloseTo(playedMs, 3);
  });

  test('is over at once when nobody waits for the playback', () => {
    const dialogue = open({}, { awaitPlayback: false });
    speak(dialogue, turn(1000));
    dialogue.advance(20_000);
    const times = ['generationComplete', 'turnComplete'].map(
      (key) => dialogue.said.find(({ event }) => at(event, `serverContent.${key}`))?.at,
    );
    expect(times[0]).toBe(times[1]);
  });

  test('has transcripts of both sides when they are asked for', () => {
    const dialogue = open({ inputAudioTranscription: {}, outputAudioTranscription: {} });
    speak(dialogue, turn(2000));
    dialogue.advance(20_000);
    const text = (key: string) =>
      contents(dialogue, key)
        .map((event) => at(event, `serverContent.${key}.text`))
        .join('');
    expect(text('inputTranscription')).toBe('(2.0 seconds of speech)');
    expect(text('outputTranscription')).toBe('This is the rehearsal provider. I heard 2 seconds of speech.');
  });

  test.each([8000, 24_000, 48_000, 44_100])('is heard at %d Hz', (sampleRateHz) => {
    const dialogue = open();
    speak(dialogue, concatenate([tone(1000, sampleRateHz), silence(700, sampleRateHz)]), sampleRateHz);
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. I heard 1 second of speech.']);
  });

  test('is heard in the old mediaChunks too', () => {
    const dialogue = open();
    const data = encodeBase64(bytesOf(turn(1000)));
    dialogue.send({ realtimeInput: { mediaChunks: [{ data, mimeType: 'audio/pcm' }] } });
    expect(dialogue.spoken.length).toBe(1);
  });

  test('ends with the stream, without waiting for silence', () => {
    const dialogue = open();
    speak(dialogue, tone(1000, RATE));
    expect(dialogue.spoken).toEqual([]);
    dialogue.send({ realtimeInput: { audioStreamEnd: true } });
    expect(dialogue.spoken.length).toBe(1);
  });

  test('has signals of voice activity when they are asked for', () => {
    const dialogue = open({ explicitVadSignal: true });
    speak(dialogue, concatenate([silence(1000, RATE), turn(1000)]));
    const signals = dialogue.said.flatMap(({ event }) => (event.voiceActivity ? [event.voiceActivity] : []));
    expect(signals).toEqual([
      { voiceActivityType: 'ACTIVITY_START', audioOffset: '0.700s' },
      { voiceActivityType: 'ACTIVITY_END', audioOffset: '2.600s' },
    ]);
  });
});

describe('an interruption', () => {
  function interrupted(setup: object = {}): Dialogue {
    const dialogue = open(setup);
    speak(dialogue, turn(2000));
    dialogue.advance(200);
    dialogue.clear();
    speak(dialogue, tone(400, RATE));
    return dialogue;
  }

  test('is interrupted and turnComplete, without generationComplete', () => {
    const dialogue = interrupted();
    expect(dialogue.types.filter((type) => type !== 'modelTurn')).toEqual(['interrupted', 'turnComplete']);
    expect(at(contents(dialogue, 'turnComplete')[0], 'usageMetadata.responseTokenCount')).toBeGreaterThan(0);
  });

  test('stops the audio, and the next turn is answered', () => {
    const dialogue = interrupted();
    const said = dialogue.said.length;
    dialogue.advance(100);
    expect(dialogue.said.length).toBe(said);
    dialogue.clear();
    speak(dialogue, turn(500));
    dialogue.advance(20_000);
    expect(dialogue.types).toEqual(['modelTurn', 'generationComplete', 'turnComplete']);
  });

  test('is still possible while the audio plays', () => {
    const dialogue = open();
    speak(dialogue, turn(2000));
    dialogue.advance(1000);
    expect(dialogue.types).toContain('generationComplete');
    speak(dialogue, tone(400, RATE));
    expect(dialogue.types.slice(-2)).toEqual(['interrupted', 'turnComplete']);
  });

  test('does not happen with NO_INTERRUPTION: the answer waits', () => {
    const dialogue = interrupted({ realtimeInputConfig: { activityHandling: 'NO_INTERRUPTION' } });
    speak(dialogue, turn(400));
    dialogue.advance(30_000);
    expect(dialogue.types).not.toContain('interrupted');
    expect(contents(dialogue, 'turnComplete').length).toBe(2);
  });

  test('comes from clientContent too', () => {
    const dialogue = open();
    speak(dialogue, turn(2000));
    dialogue.advance(200);
    dialogue.clear();
    const turns = [{ role: 'user', parts: [{ text: 'stop' }] }];
    dialogue.send({ clientContent: { turns, turnComplete: true } });
    expect(dialogue.types).toEqual(['interrupted', 'turnComplete']);
    expect(dialogue.spoken.at(-1)).toBe('This is the rehearsal provider. You wrote: stop');
  });
});

describe('activity that the client marks', () => {
  const marked = { realtimeInputConfig: { automaticActivityDetection: { disabled: true } } };

  test('is a turn from activityStart to activityEnd', () => {
    const dialogue = open(marked);
    speak(dialogue, tone(3000, RATE));
    dialogue.send({ realtimeInput: { activityStart: {} } });
    speak(dialogue, turn(1300));
    dialogue.advance(5000);
    expect(dialogue.spoken).toEqual([]);
    dialogue.send({ realtimeInput: { activityEnd: {} } });
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. I heard 2 seconds of speech.']);
  });

  test('interrupts', () => {
    const dialogue = open(marked);
    dialogue.send({ realtimeInput: { text: 'hello' } });
    dialogue.advance(350);
    dialogue.send({ realtimeInput: { activityStart: {} } });
    expect(dialogue.types.slice(-2)).toEqual(['interrupted', 'turnComplete']);
  });

  test('without audio is answered too', () => {
    const dialogue = open(marked);
    dialogue.send({ realtimeInput: { activityStart: {} } });
    dialogue.send({ realtimeInput: { activityEnd: {} } });
    expect(dialogue.spoken).toEqual(['This is the rehearsal provider. I heard less than one second of speech.']);
  });

  test('is refused while the provider detects activity itself', () => {
    const dialogue = open();
    dialogue.send({ realtimeInput: { activityStart: {} } });
    expect(dialogue.closed?.code).toBe(1007);
  });
});

describe('text', () => {
  test('is answered in text pieces when the modality is TEXT', () => {
    const dialogue = open({ generationConfig: { responseModalities: ['TEXT'] } });
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

  test('that is not complete is only context', () => {
    const dialogue = open();
    dialogue.send({ clientContent: { turns: [{ role: 'user', parts: [{ text: 'hello' }] }] } });
    dialogue.advance(5000);
    expect(dialogue.types).toEqual(['setupComplete']);
  });

  test('of realtimeInput waits for the turn in progress', () => {
    const dialogue = open();
    dialogue.send({ realtimeInput: { text: 'first' } });
    dialogue.advance(350);
    dialogue.send({ realtimeInput: { text: 'second' } });
    dialogue.advance(20_000);
    expect(dialogue.types).not.toContain('interrupted');
    expect(dialogue.spoken.map((text) => text.split(': ')[1])).toEqual(['first', 'second']);
  });
});

describe('a function', () => {
  const functionDeclarations = [
    { name: 'weather', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] } },
  ];

  function called(): { dialogue: Dialogue; id: unknown } {
    const dialogue = open({ tools: [{ googleSearch: {} }, { functionDeclarations }] });
    dialogue.send({ realtimeInput: { text: 'How is the weather?' } });
    dialogue.advance(1000);
    const call = dialogue.said.find(({ event }) => event.toolCall)?.event;
    expect(at(call, 'toolCall.functionCalls.0')).toMatchObject({ name: 'weather', args: { city: 'rehearsal' } });
    return { dialogue, id: at(call, 'toolCall.functionCalls.0.id') };
  }

  test('is called, and its result is answered', () => {
    const { dialogue, id } = called();
    const functionResponses = [{ id, name: 'weather', response: { temperature_c: 21 } }];
    dialogue.send({ toolResponse: { functionResponses } });
    dialogue.advance(20_000);
    expect(dialogue.spoken).toEqual([
      'This is the rehearsal provider. The tool weather answered: {"temperature_c":21}',
    ]);
    expect(dialogue.types.at(-1)).toBe('turnComplete');
  });

  test('that still works is waited for', () => {
    const { dialogue, id } = called();
    dialogue.send({ toolResponse: { functionResponses: [{ id, response: {}, willContinue: true }] } });
    dialogue.advance(5000);
    expect(dialogue.spoken).toEqual([]);
  });

  test('is withdrawn when the caller speaks, and its late result is ignored', () => {
    const { dialogue, id } = called();
    dialogue.clear();
    speak(dialogue, tone(400, RATE));
    expect(dialogue.said[0]?.event).toEqual({ toolCallCancellation: { ids: [id] } });
    expect(dialogue.types.slice(1)).toEqual(['interrupted', 'turnComplete']);
    dialogue.send({ toolResponse: { functionResponses: [{ id, response: { late: true } }] } });
    dialogue.advance(5000);
    expect(dialogue.spoken).toEqual([]);
    expect(dialogue.closed).toBeUndefined();
  });

  test('can be added by a contextUpdate', () => {
    const dialogue = open();
    dialogue.send({ contextUpdate: { tools: [{ functionDeclarations }] } });
    dialogue.send({ realtimeInput: { text: 'x' } });
    dialogue.advance(1000);
    expect(dialogue.types).toContain('toolCall');
  });
});

test('usage adds up, and the prompt grows with every turn', () => {
  const dialogue = open({ systemInstruction: { parts: [{ text: 'Be kind.' }] } });
  for (let i = 0; i < 3; i++) {
    speak(dialogue, turn(1000));
    dialogue.advance(20_000);
  }
  const usages = contents(dialogue, 'turnComplete').map((event) => event.usageMetadata as Record<string, number>);
  expect(usages.length).toBe(3);
  const total = (usage: unknown, key: string) =>
    (at(usage, key) as { tokenCount: number }[]).reduce((sum, { tokenCount }) => sum + tokenCount, 0);
  for (const usage of usages) {
    expect(usage.totalTokenCount).toBe((usage.promptTokenCount ?? 0) + (usage.responseTokenCount ?? 0));
    expect(total(usage, 'promptTokensDetails')).toBe(usage.promptTokenCount);
    expect(total(usage, 'responseTokensDetails')).toBe(usage.responseTokenCount);
  }
  const prompts = usages.map((usage) => usage.promptTokenCount ?? 0);
  expect(prompts[1]).toBeGreaterThan(prompts[0] ?? 0);
  expect(prompts[2]).toBeGreaterThan(prompts[1] ?? 0);
});

describe('resumption', () => {
  test('is offered after the setup and after every turn, and the handle is accepted', () => {
    const dialogue = open({ sessionResumption: {} });
    dialogue.send({ realtimeInput: { text: 'x' } });
    dialogue.advance(20_000);
    const updates = dialogue.said.flatMap(({ event }) => (event.sessionResumptionUpdate ? [event] : []));
    expect(updates.length).toBe(2);
    const handle = at(updates[1], 'sessionResumptionUpdate.newHandle');
    expect(open({ sessionResumption: { handle } }).types).toEqual(['setupComplete', 'sessionResumptionUpdate']);
  });

  test('with a stale handle is refused', () => {
    expect(open({ sessionResumption: { handle: 'stale' } }).closed).toEqual({
      code: 1007,
      reason: 'Invalid session resumption handle.',
    });
  });
});

test('the end of the connection is announced, and then comes', () => {
  const dialogue = open({}, { goAway: { afterMs: 10_000, timeLeftMs: 5000 } });
  dialogue.advance(10_000);
  expect(dialogue.said.at(-1)?.event).toEqual({ goAway: { timeLeft: '5s' } });
  dialogue.advance(4999);
  expect(dialogue.closed).toBeUndefined();
  dialogue.advance(1);
  expect(dialogue.closed).toEqual({ code: 1011, reason: 'Deadline expired before operation could complete.' });
});
