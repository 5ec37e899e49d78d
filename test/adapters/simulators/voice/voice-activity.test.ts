// The start and the end of speech in a signal.

import { describe, expect, test } from 'vitest';
import {
  type SpeechEvent,
  type VadSettings,
  VoiceActivityDetector,
} from '../../../../adapters/simulators/voice/voice-activity.ts';
import { concatSamples, pcm16Samples } from '../../../../codecs/audio/pcm16.ts';
import { loadVoiceDetectors } from '../../../../codecs/audio/vad.ts';
import { loudness, silence, tone } from '../../../support/dialogue.ts';
import { type Recording as Fixture, speech } from '../../../support/recording.ts';

const RATE = 16_000;
const settings: VadSettings = { mode: 2, prefixPaddingMs: 300, silenceMs: 500 };

function speechEventsIn(
  signal: Int16Array,
  setup: Partial<ConstructorParameters<typeof VoiceActivityDetector>[0]> = {},
) {
  const detector = new VoiceActivityDetector({ settings, sampleRateHz: RATE, createDetector: loudness, ...setup });
  const events: SpeechEvent[] = [];
  for (let start = 0; start < signal.length; start += 317) {
    events.push(...detector.push(signal.subarray(start, start + 317)));
  }
  detector.free();
  return events;
}

test('speech starts before its first voiced frame by the padding, and stops when the silence is long enough', () => {
  const signal = concatSamples([silence(1000, RATE), tone(800, RATE), silence(1000, RATE)]);
  expect(speechEventsIn(signal)).toEqual([
    { kind: 'started', audioMs: 700 },
    { kind: 'stopped', audioMs: 2300, speechMs: 800 },
  ]);
});

test('the padding never reaches before the beginning', () => {
  expect(speechEventsIn(concatSamples([silence(100, RATE), tone(400, RATE)]))).toEqual([
    { kind: 'started', audioMs: 0 },
  ]);
});

test('a pause that is shorter than the silence does not end the turn', () => {
  const signal = concatSamples([tone(400, RATE), silence(460, RATE), tone(400, RATE), silence(600, RATE)]);
  expect(speechEventsIn(signal).map(({ kind }) => kind)).toEqual(['started', 'stopped']);
});

test('clicks are not speech', () => {
  const click = concatSamples([tone(100, RATE), silence(400, RATE)]);
  expect(speechEventsIn(concatSamples([click, click, click]))).toEqual([]);
});

test('speech after a long silence is a new turn', () => {
  const turn = concatSamples([tone(600, RATE), silence(700, RATE)]);
  expect(speechEventsIn(concatSamples([turn, turn])).map(({ kind }) => kind)).toEqual([
    ...['started', 'stopped'],
    ...['started', 'stopped'],
  ]);
});

test('positions go on from the given position', () => {
  const events = speechEventsIn(concatSamples([silence(500, RATE), tone(400, RATE)]), { positionMs: 10_000 });
  expect(events).toEqual([{ kind: 'started', audioMs: 10_200 }]);
});

test('reset drops speech that has begun', () => {
  const detector = new VoiceActivityDetector({ settings, sampleRateHz: RATE, createDetector: loudness });
  detector.push(tone(400, RATE));
  expect(detector.isSpeaking).toBe(true);
  detector.reset();
  expect(detector.isSpeaking).toBe(false);
  expect(detector.push(silence(1000, RATE))).toEqual([]);
});

describe('recorded speech', () => {
  const fixtures: readonly Fixture[] = ['librivox-0880', 'librivox-0920', 'librivox-0930'];
  describe.each(fixtures)('%s', (name) => {
    test.each([8000, 16_000, 24_000])('is one turn at %d Hz, pauses inside of it included', async (sampleRateHz) => {
      const createDetector = await loadVoiceDetectors();
      const signal = concatSamples([pcm16Samples(speech(name, sampleRateHz)), silence(700, sampleRateHz)]);
      const events = speechEventsIn(signal, { createDetector, sampleRateHz });
      expect(events.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
    });

    test.each([1, 2, 3] as const)('is one turn in mode %d', async (mode) => {
      const createDetector = await loadVoiceDetectors();
      const signal = concatSamples([pcm16Samples(speech(name, RATE)), silence(700, RATE)]);
      const events = speechEventsIn(signal, { createDetector, settings: { ...settings, mode } });
      expect(events.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
    });
  });
});

test('far quieter noise that the detector takes for speech neither prolongs a turn nor begins one', () => {
  const everything = () => ({ isVoice: () => true, free: () => {} });
  const noise = tone(2000, RATE).map((sample) => sample / 50);
  const events = speechEventsIn(concatSamples([tone(800, RATE), noise]), { createDetector: everything });
  expect(events.slice(1)).toEqual([{ kind: 'stopped', audioMs: 1300, speechMs: 800 }]);
});

test('a caller who is far quieter than before is heard after a while', () => {
  const quiet = tone(1000, RATE).map((sample) => sample / 25);
  const everything = () => ({ isVoice: (frame: Int16Array) => frame.some((sample) => sample !== 0), free: () => {} });
  const signal = concatSamples([tone(800, RATE), silence(4000, RATE), quiet]);
  expect(speechEventsIn(signal, { createDetector: everything }).map(({ kind }) => kind)).toEqual([
    ...['started', 'stopped', 'started'],
  ]);
});
