// The audio that is kept of a turn, and the effect of changed settings.

import { expect, test } from 'vitest';
import {
  TurnDetector,
  type TurnDetectorSettings,
  type TurnEvent,
} from '../../../../adapters/simulators/voice/turn-detector.ts';
import { concatSamples, durationMs } from '../../../../codecs/audio/pcm16.ts';
import type { VoiceDetectorFactory } from '../../../../codecs/audio/vad.ts';
import { loudness, silence, tone } from '../../../support/dialogue.ts';

const RATE = 16_000;
const detection = { mode: 2, prefixPaddingMs: 300, silenceMs: 500 } as const;

function createTurnDetector(
  settings: Partial<TurnDetectorSettings> = {},
  createDetector: VoiceDetectorFactory = loudness,
): TurnDetector {
  return new TurnDetector({ createDetector, keepMs: 10_000, settings: { sampleRateHz: RATE, detection, ...settings } });
}

const clipMs = (event: TurnEvent | undefined) =>
  event?.kind === 'stopped' ? durationMs(event.turn.clip.samples.length, event.turn.clip.sampleRateHz) : -1;

test('a turn is kept with its padding and without the silence that ended it', () => {
  const detector = createTurnDetector();
  const events = detector.push(concatSamples([silence(5000, RATE), tone(1000, RATE), silence(1000, RATE)]));
  expect(events.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
  expect(clipMs(events[1])).toBeGreaterThan(1400);
  expect(clipMs(events[1])).toBeLessThan(1600);
  expect(detector.positionMs).toBe(7000);
});

test('several turns in one message are kept apart', () => {
  const turn = concatSamples([tone(600, RATE), silence(700, RATE)]);
  const events = createTurnDetector().push(concatSamples([turn, turn, turn]));
  const stops = events.filter(({ kind }) => kind === 'stopped');
  expect(stops.length).toBe(3);
  for (const stop of stops) expect(clipMs(stop)).toBeLessThan(1100);
});

test('silence before a turn is not kept, however long it lasts', () => {
  const detector = createTurnDetector();
  for (let second = 0; second < 60; second++) detector.push(silence(1000, RATE));
  expect(detector.bufferedMs).toBeLessThan(700);
});

test('without detection everything is kept until it is taken', () => {
  const detector = createTurnDetector({ detection: undefined });
  expect(detector.push(concatSamples([silence(2000, RATE), tone(500, RATE)]))).toEqual([]);
  expect(detector.takeTurn()).toMatchObject({ inputMs: 2500, speechMs: 2500 });
  expect(detector.bufferedMs).toBe(0);
});

test('audio from before a change of detection can still be taken', () => {
  const detector = createTurnDetector({ detection: undefined });
  detector.push(tone(500, RATE));
  detector.configure({ sampleRateHz: RATE, detection });
  expect(detector.bufferedMs).toBe(500);
});

test('a new sample rate starts a new recording, and the position goes on', () => {
  const detector = createTurnDetector({ detection: undefined });
  detector.push(tone(500, RATE));
  detector.configure({ sampleRateHz: 8000, detection: undefined });
  detector.push(tone(500, 8000));
  expect(detector.takeTurn().clip.sampleRateHz).toBe(8000);
  expect(detector.positionMs).toBe(1000);
});

test('every detector that was made is freed', () => {
  let alive = 0;
  const counting: VoiceDetectorFactory = (mode) => {
    alive += 1;
    const free = (): void => {
      alive -= 1;
    };
    return { ...loudness(mode), free };
  };
  const detector = createTurnDetector({}, counting);
  detector.push(tone(100, RATE));
  detector.configure({ sampleRateHz: RATE, detection: { ...detection, silenceMs: 200 } });
  detector.push(tone(100, RATE));
  expect(alive).toBe(1);
  detector.free();
  detector.free();
  expect(alive).toBe(0);
});
