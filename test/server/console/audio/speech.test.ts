// Sending a recording at the pace of the clock.

import { expect, test } from 'vitest';
import { type SpeechOptions, speak } from '../../../../server/console/audio/speech.ts';
import { FakeClock } from '../../../support/console-fakes.ts';

function speaking(options: Partial<SpeechOptions> = {}) {
  const clock = new FakeClock();
  const chunks: Int16Array[] = [];
  let done = 0;
  const stop = speak(
    {
      samples: Int16Array.from({ length: 100 }, (_, i) => i + 1),
      rateHz: 1000,
      silenceMs: 0,
      onChunk: (chunk) => chunks.push(chunk),
      onDone: () => {
        done += 1;
      },
      ...options,
    },
    clock,
  );
  return { clock, chunks, stop, done: () => done };
}

test('a chunk is sent when it would have been spoken, and the last one is filled up with silence', () => {
  const { clock, chunks, done } = speaking();
  clock.pass(20);
  expect(chunks).toHaveLength(0);
  clock.pass(20);
  expect(chunks).toHaveLength(1);
  clock.pass(1000);
  expect(chunks.map((chunk) => chunk.length)).toEqual([40, 40, 40]);
  expect([...chunks.flatMap((chunk) => [...chunk])].slice(95)).toEqual([96, 97, 98, 99, 100, ...Array(20).fill(0)]);
  expect(done()).toBe(1);
});

test('silence follows the recording', () => {
  const { clock, chunks } = speaking({ silenceMs: 200 });
  clock.pass(1000);
  expect(chunks).toHaveLength(8);
  expect(chunks.at(-1)?.every((value) => value === 0)).toBe(true);
});

test('a timer that was late catches up', () => {
  let now = 0;
  let tick = () => {};
  const chunks: Int16Array[] = [];
  const options = { samples: new Int16Array(1000), rateHz: 1000, silenceMs: 0, onDone: () => {} };
  speak(
    { ...options, onChunk: (chunk) => chunks.push(chunk) },
    {
      now: () => now,
      every(_, run) {
        tick = run;
        return () => {};
      },
    },
  );
  now = 410;
  tick();
  expect(chunks).toHaveLength(10);
});

test('a recording that was stopped sends nothing more and does not report that it is done', () => {
  const { clock, chunks, stop, done } = speaking();
  clock.pass(40);
  stop();
  clock.pass(1000);
  expect(chunks).toHaveLength(1);
  expect(done()).toBe(0);
});
