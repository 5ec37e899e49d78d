// The caller's voice: microphone or recording, one at a time.

import { expect, test } from 'vitest';
import type { MicrophoneOptions } from '../../../../server/console/audio/microphone.ts';
import { SpeechInput } from '../../../../server/console/session/speech-input.ts';
import { FakeClock, FakeMicrophone } from '../../../support/console-fakes.ts';

function input(open?: (options: MicrophoneOptions) => Promise<FakeMicrophone>) {
  const clock = new FakeClock();
  const chunks: Int16Array[] = [];
  const microphones: FakeMicrophone[] = [];
  let ended = 0;
  const speech = new SpeechInput({
    clock,
    open: async (options) => {
      const microphone = open === undefined ? new FakeMicrophone(options) : await open(options);
      microphones.push(microphone);
      return microphone;
    },
    onChunk: (samples) => chunks.push(samples),
    onMicrophoneEnded: () => {
      ended += 1;
    },
  });
  return { speech, clock, chunks, microphones, ended: () => ended };
}

const recording = { rateHz: 16_000, samples: new Int16Array(1600).fill(5000) };

test('the microphone passes while the gate is open and it is not muted, and its level is always measured', async () => {
  const { speech, chunks, microphones } = input();
  await speech.openMicrophone('', 24_000);
  microphones[0]?.speak();
  expect(chunks).toHaveLength(0);
  expect(speech.level).toBeGreaterThan(0.2);
  speech.gateOpen = true;
  microphones[0]?.speak();
  speech.muted = true;
  microphones[0]?.speak();
  expect(chunks).toHaveLength(1);
  expect(chunks[0]).toHaveLength(960);
});

test('a recording is sent at the requested rate, and the microphone does not pass meanwhile', async () => {
  const { speech, clock, chunks, microphones } = input();
  await speech.openMicrophone('', 24_000);
  speech.gateOpen = true;
  let done = 0;
  speech.play(recording, {
    rateHz: 24_000,
    withSilence: false,
    onDone: () => {
      done += 1;
    },
  });
  expect(speech.isPlayingRecording).toBe(true);
  microphones[0]?.speak();
  clock.pass(200);
  expect(chunks.map((chunk) => chunk.length)).toEqual([960, 960, 960]);
  expect(done).toBe(1);
  expect(speech.isPlayingRecording).toBe(false);
  microphones[0]?.speak();
  expect(chunks).toHaveLength(4);
});

test('a microphone of the same device and rate stays open, and another one replaces it', async () => {
  const { speech, microphones } = input();
  await speech.openMicrophone('', 24_000);
  await speech.openMicrophone('', 24_000);
  expect(microphones).toHaveLength(1);
  await speech.openMicrophone('desk', 24_000);
  expect(microphones.map(({ closed }) => closed)).toEqual([true, false]);
});

test('a microphone that is allowed only after it was closed again does not stay open', async () => {
  let allow: (microphone: FakeMicrophone) => void = () => {};
  const { speech, microphones } = input((options) =>
    new Promise<FakeMicrophone>((resolve) => {
      allow = resolve;
    }).then(() => new FakeMicrophone(options)),
  );
  const opening = speech.openMicrophone('', 24_000);
  speech.closeMicrophone();
  allow({} as FakeMicrophone);
  expect(await opening).toBe(false);
  expect(microphones[0]?.closed).toBe(true);
});

test('a device that goes away is closed and reported', async () => {
  const { speech, microphones, ended } = input();
  await speech.openMicrophone('', 24_000);
  microphones[0]?.options.onEnded();
  expect(microphones[0]?.closed).toBe(true);
  expect(ended()).toBe(1);
});

test('the peaks of the last utterance are known', () => {
  const { speech, clock } = input();
  speech.play(recording, { rateHz: 16_000, withSilence: true, onDone: () => {} });
  clock.pass(2000);
  const shape = speech.lastUtterance();
  expect(shape.length).toBeGreaterThanOrEqual(5);
  expect(shape.length).toBeLessThan(16);
  expect(Math.max(...shape)).toBeCloseTo(5000 / 32_768, 3);
});
