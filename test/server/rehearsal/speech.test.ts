// Speech synthesis in its worker thread.

import { expect, test } from 'vitest';
import { durationMs } from '../../../codecs/audio/pcm16.ts';
import { Synthesiser } from '../../../server/rehearsal/speech.ts';

test('a sentence becomes seconds of audible speech at the requested rate', async () => {
  const synthesiser = new Synthesiser();
  const wide = await synthesiser.speak('This is the rehearsal provider.', 24_000);
  const narrow = await synthesiser.speak('This is the rehearsal provider.', 8000);
  await synthesiser.close();
  expect(durationMs(wide.length, 24_000)).toBeGreaterThan(1500);
  expect(durationMs(wide.length, 24_000)).toBeLessThan(3000);
  expect(durationMs(narrow.length, 8000)).toBeCloseTo(durationMs(wide.length, 24_000), 0);
  expect(Math.max(...wide)).toBeGreaterThan(3000);
});

test('texts that are requested at once are not mixed up, and the same text is synthesised once', async () => {
  const synthesiser = new Synthesiser();
  const texts = ['One.', 'One, two, three, four, five.', 'One.'];
  const [short, long, again] = await Promise.all(texts.map((text) => synthesiser.speak(text, 16_000)));
  await synthesiser.close();
  expect(long?.length).toBeGreaterThan((short?.length ?? 0) * 2);
  expect(again).toBe(short);
});

test('a text with other letters and marks is spoken without them', async () => {
  const synthesiser = new Synthesiser();
  const samples = await synthesiser.speak('Gr\u00fc\u00dfe \u4f60\u597d \0 \u{1f600} "quoted" -t hello', 16_000);
  await synthesiser.close();
  expect(samples.length).toBeGreaterThan(8000);
});

test('a closed synthesiser returns silence, and can be closed twice', async () => {
  const synthesiser = new Synthesiser();
  const pending = synthesiser.speak('This takes a moment.', 16_000);
  await Promise.all([synthesiser.close(), synthesiser.close()]);
  await pending;
  expect((await synthesiser.speak('Hello.', 16_000)).length).toBe(0);
  await synthesiser.close();
});
