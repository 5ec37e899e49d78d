// A dialogue with the Gemini Live simulator: audio as a client sends it, and lookups in its messages.

import { concatSamples, pcm16Bytes } from '../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../codecs/text/base64.ts';
import { at, Dialogue, type Event, silence, tone } from './dialogue.ts';

const PATH = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
const times = {
  firstAudioMs: 300,
  firstTextMs: 200,
  tokenMs: 10,
  audioSpeed: 10,
  audioChunkMs: 100,
  transcriptionMs: 150,
};
export const RATE = 16_000;

/** A connection without a setup. */
export function connectLive(options: object = {}): Dialogue {
  return new Dialogue(PATH, { options: { times, ...options } });
}

export function openLive(setup: object = {}, options: object = {}): Dialogue {
  const dialogue = connectLive(options);
  dialogue.send({ setup: { model: 'models/gemini-live', ...setup } });
  return dialogue;
}

export function speak(dialogue: Dialogue, samples: Int16Array, sampleRateHz = RATE): void {
  const step = sampleRateHz / 10;
  for (let start = 0; start < samples.length; start += step) {
    const data = encodeBase64(pcm16Bytes(samples.subarray(start, start + step)));
    dialogue.send({ realtimeInput: { audio: { data, mimeType: `audio/pcm;rate=${sampleRateHz}` } } });
    dialogue.advance(100);
  }
}

/** Speech of this length, and the silence that ends a turn. */
export const turn = (speechMs: number) => concatSamples([tone(speechMs, RATE), silence(700, RATE)]);
/** The messages whose serverContent has this key. */
export const contents = (dialogue: Dialogue, key: string): Event[] =>
  dialogue.messages.flatMap(({ event }) => (at(event, `serverContent.${key}`) === undefined ? [] : [event]));
export const audioBytes = (event: Event) =>
  Buffer.from(String(at(event, 'serverContent.modelTurn.parts.0.inlineData.data')), 'base64').length;
