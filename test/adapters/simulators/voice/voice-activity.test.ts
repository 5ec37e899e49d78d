// Where a turn of the caller starts and ends.

import { describe, expect, test } from 'vitest';
import {
  type SpeechEvent,
  TurnRecording,
  type VadSettings,
  VoiceActivityDetector,
} from '../../../../adapters/simulators/voice/voice-activity.ts';
import { concatSamples, pcm16Samples } from '../../../../codecs/pcm16.ts';
import { loadVoiceDetectors } from '../../../../codecs/vad.ts';
import { loudness, silence, tone } from '../../../support/dialogue.ts';
import { type Recording as Fixture, speech } from '../../../support/recording.ts';

const RATE = 16_000;
const detection: VadSettings = { mode: 2, prefixPaddingMs: 300, silenceMs: 500 };

function changesIn(signal: Int16Array, setup: Partial<ConstructorParameters<typeof VoiceActivityDetector>[0]> = {}) {
  const detector = new VoiceActivityDetector({ detection, sampleRateHz: RATE, createDetector: loudness, ...setup });
  const changes: SpeechEvent[] = [];
  for (let start = 0; start < signal.length; start += 317) {
    changes.push(...detector.push(signal.subarray(start, start + 317)));
  }
  detector.free();
  return changes;
}

test('a turn starts before its first voiced frame by the padding, and stops when the silence is long enough', () => {
  const signal = concatSamples([silence(1000, RATE), tone(800, RATE), silence(1000, RATE)]);
  expect(changesIn(signal)).toEqual([
    { kind: 'started', audioMs: 700 },
    { kind: 'stopped', audioMs: 2300, speechMs: 800 },
  ]);
});

test('the padding never reaches before the beginning', () => {
  expect(changesIn(concatSamples([silence(100, RATE), tone(400, RATE)]))).toEqual([{ kind: 'started', audioMs: 0 }]);
});

test('a pause that is shorter than the silence does not end the turn', () => {
  const signal = concatSamples([tone(400, RATE), silence(460, RATE), tone(400, RATE), silence(600, RATE)]);
  expect(changesIn(signal).map(({ kind }) => kind)).toEqual(['started', 'stopped']);
});

test('a click is no turn', () => {
  const click = concatSamples([tone(100, RATE), silence(400, RATE)]);
  expect(changesIn(concatSamples([click, click, click]))).toEqual([]);
});

test('two turns are two turns', () => {
  const turn = concatSamples([tone(600, RATE), silence(700, RATE)]);
  expect(changesIn(concatSamples([turn, turn])).map(({ kind }) => kind)).toEqual([
    ...['started', 'stopped'],
    ...['started', 'stopped'],
  ]);
});

test('positions go on from where an earlier detector was', () => {
  const changes = changesIn(concatSamples([silence(500, RATE), tone(400, RATE)]), { positionMs: 10_000 });
  expect(changes).toEqual([{ kind: 'started', audioMs: 10_200 }]);
});

test('a turn that was committed by hand has to start anew', () => {
  const detector = new VoiceActivityDetector({ detection, sampleRateHz: RATE, createDetector: loudness });
  detector.push(tone(400, RATE));
  expect(detector.isSpeaking).toBe(true);
  detector.reset();
  expect(detector.isSpeaking).toBe(false);
  expect(detector.push(silence(1000, RATE))).toEqual([]);
});

describe('real speech', () => {
  const fixtures: readonly Fixture[] = ['librivox-0880', 'librivox-0920', 'librivox-0930'];
  describe.each(fixtures)('%s', (name) => {
    test.each([8000, 16_000, 24_000])('at %d Hz is one turn, pauses inside of it included', async (sampleRateHz) => {
      const createDetector = await loadVoiceDetectors();
      const signal = concatSamples([pcm16Samples(speech(name, sampleRateHz)), silence(700, sampleRateHz)]);
      const changes = changesIn(signal, { createDetector, sampleRateHz });
      expect(changes.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
    });

    test.each([1, 2, 3] as const)('is one turn in mode %d', async (mode) => {
      const createDetector = await loadVoiceDetectors();
      const signal = concatSamples([pcm16Samples(speech(name, RATE)), silence(700, RATE)]);
      const changes = changesIn(signal, { createDetector, detection: { ...detection, mode } });
      expect(changes.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
    });
  });
});

describe('a recording', () => {
  test('stores no more than it should, and counts everything', () => {
    const recording = new TurnRecording(8000, 100);
    for (let i = 0; i < 10; i++) recording.push(tone(20, 8000));
    expect(recording.durationMs).toBe(200);
    expect(recording.samples().length).toBe(800);
    recording.clear();
    expect(recording.durationMs).toBe(0);
  });

  test('trims what lies before the padding', () => {
    const recording = new TurnRecording(8000, 10_000);
    for (let i = 0; i < 50; i++) {
      recording.push(tone(20, 8000));
      recording.trim(300);
    }
    expect(recording.durationMs).toBeGreaterThanOrEqual(300);
    expect(recording.durationMs).toBeLessThan(340);
  });
});

test('far quieter noise that the detector still takes for speech neither prolongs a turn nor is one', () => {
  const everything = () => ({ isVoice: () => true, free: () => {} });
  const noise = tone(2000, RATE).map((sample) => sample / 50);
  const changes = changesIn(concatSamples([tone(800, RATE), noise]), { createDetector: everything });
  expect(changes.slice(1)).toEqual([{ kind: 'stopped', audioMs: 1300, speechMs: 800 }]);
});

test('a caller who is far quieter than before is heard after a while', () => {
  const quiet = tone(1000, RATE).map((sample) => sample / 25);
  const everything = () => ({ isVoice: (frame: Int16Array) => frame.some((sample) => sample !== 0), free: () => {} });
  const signal = concatSamples([tone(800, RATE), silence(4000, RATE), quiet]);
  expect(changesIn(signal, { createDetector: everything }).map(({ kind }) => kind)).toEqual([
    ...['started', 'stopped', 'started'],
  ]);
});
