// What is kept of a turn, and how the ear follows changed settings.

import { expect, test } from 'vitest';
import {
  TurnDetector,
  type TurnDetectorSettings,
  type TurnEvent,
} from '../../../../adapters/simulators/voice/turn-detector.ts';
import { concatSamples, durationMs } from '../../../../codecs/pcm16.ts';
import type { VoiceDetectorFactory } from '../../../../codecs/vad.ts';
import { loudness, silence, tone } from '../../../support/dialogue.ts';

const RATE = 16_000;
const detection = { mode: 2, prefixPaddingMs: 300, silenceMs: 500 } as const;

function createEar(
  settings: Partial<TurnDetectorSettings> = {},
  createDetector: VoiceDetectorFactory = loudness,
): TurnDetector {
  return new TurnDetector({ createDetector, keepMs: 10_000, settings: { sampleRateHz: RATE, detection, ...settings } });
}

const clipMs = (change: TurnEvent | undefined) =>
  change?.kind === 'stopped' ? durationMs(change.heard.clip.samples.length, change.heard.clip.sampleRateHz) : -1;

test('a turn is kept with its padding and without the silence that ended it', () => {
  const ear = createEar();
  const changes = ear.push(concatSamples([silence(5000, RATE), tone(1000, RATE), silence(1000, RATE)]));
  expect(changes.map(({ kind }) => kind)).toEqual(['started', 'stopped']);
  expect(clipMs(changes[1])).toBeGreaterThan(1400);
  expect(clipMs(changes[1])).toBeLessThan(1600);
  expect(ear.positionMs).toBe(7000);
});

test('turns inside of one message are kept apart', () => {
  const turn = concatSamples([tone(600, RATE), silence(700, RATE)]);
  const changes = createEar().push(concatSamples([turn, turn, turn]));
  const stops = changes.filter(({ kind }) => kind === 'stopped');
  expect(stops.length).toBe(3);
  for (const stop of stops) expect(clipMs(stop)).toBeLessThan(1100);
});

test('silence that goes on for hours is not kept', () => {
  const ear = createEar();
  for (let second = 0; second < 60; second++) ear.push(silence(1000, RATE));
  expect(ear.bufferedMs).toBeLessThan(700);
});

test('without detection everything is kept until it is taken', () => {
  const ear = createEar({ detection: undefined });
  expect(ear.push(concatSamples([silence(2000, RATE), tone(500, RATE)]))).toEqual([]);
  expect(ear.takeTurn()).toMatchObject({ inputMs: 2500, speechMs: 2500 });
  expect(ear.bufferedMs).toBe(0);
});

test('what was heard before the detection is switched off can still be taken', () => {
  const ear = createEar({ detection: undefined });
  ear.push(tone(500, RATE));
  ear.configure({ sampleRateHz: RATE, detection });
  expect(ear.bufferedMs).toBe(500);
});

test('another rate starts a new buffer, and the position goes on', () => {
  const ear = createEar({ detection: undefined });
  ear.push(tone(500, RATE));
  ear.configure({ sampleRateHz: 8000, detection: undefined });
  ear.push(tone(500, 8000));
  expect(ear.takeTurn().clip.sampleRateHz).toBe(8000);
  expect(ear.positionMs).toBe(1000);
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
  const ear = createEar({}, counting);
  ear.push(tone(100, RATE));
  ear.configure({ sampleRateHz: RATE, detection: { ...detection, silenceMs: 200 } });
  ear.push(tone(100, RATE));
  expect(alive).toBe(1);
  ear.free();
  ear.free();
  expect(alive).toBe(0);
});
