// A dialogue with the Realtime simulator: audio as a client sends it, and the usual events.

import { concatSamples, pcm16Bytes } from '../../codecs/audio/pcm16.ts';
import { encodeBase64 } from '../../codecs/text/base64.ts';
import { Dialogue, silence, tone } from './dialogue.ts';

export const RATE = 24_000;
export const times = {
  firstAudioMs: 300,
  firstTextMs: 200,
  tokenMs: 10,
  audioSpeed: 10,
  audioChunkMs: 100,
  transcriptionMs: 150,
};

/** Opens a session with short, even times. */
export function openRealtime(options: object = {}, query = 'model=gpt-realtime-2.1'): Dialogue {
  return new Dialogue(`/v1/realtime?${query}`, { options: { times, ...options } });
}

/** Speaks in real time, in pieces of 100 ms. */
export function speak(
  dialogue: Dialogue,
  samples: Int16Array,
  encode: (samples: Int16Array) => Buffer = pcm16Bytes,
): void {
  const step = encode === pcm16Bytes ? 2400 : 800;
  for (let start = 0; start < samples.length; start += step) {
    const audio = encodeBase64(encode(samples.subarray(start, start + step)));
    dialogue.send({ type: 'input_audio_buffer.append', audio });
    dialogue.advance(100);
  }
}

/** Speech of this length, and the silence that ends a turn. */
export const turn = (speechMs: number) => concatSamples([tone(speechMs, RATE), silence(600, RATE)]);

export function update(dialogue: Dialogue, session: object): void {
  dialogue.send({ type: 'session.update', session: { type: 'realtime', ...session } });
}

export function write(dialogue: Dialogue, text: string): void {
  const content = [{ type: 'input_text', text }];
  dialogue.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
}
