// Sound in binary messages, all of one direction of which are observed alike, and the size of samples.

import { OPEN_BRACE, skipSpace } from '../../codecs/json/bytes.ts';
import { typeDecides } from '../../codecs/json/event-type.ts';
import { readObject } from '../../codecs/json/object.ts';
import type { Direction, Frame } from '../../codecs/websocket/frame.ts';
import type { Observation } from './contract/observation.ts';

/** Tells whether a message is sound: a binary one that begins like an object is read nevertheless, so that nothing is hidden in it. */
export function isSound({ data, binary }: Frame): boolean {
  return binary && data[skipSpace(data, 0)] !== OPEN_BRACE;
}

/**
 * The observation of a client's message in JSON, which is sound if its type is that of `sound`. One that has a type twice is, if either of them says so:
 * which one a provider reads is not known. Messages of other types are few, and are parsed for that.
 */
export function soundByType(type: string, data: Buffer, sound: string): Observation {
  if (type === sound) return { type, decides: typeDecides };
  return readObject(data)?.type === sound ? { type: sound, decides: () => undefined } : { type };
}

const decides = () => ({ first: 0, last: 0 });
const heard: Observation = { type: 'audio', decides };
const spoken: Observation = { type: 'audio', mark: 'audio', decides };

/** The observation of a binary message. */
export const soundOf = (direction: Direction): Observation => (direction === 'upstream' ? heard : spoken);

/** Bytes of a sample, by the names that several providers have for sound without a container. */
const PCM: Readonly<Record<string, number>> = {
  pcm_s16le: 2,
  pcm_s32le: 4,
  pcm_f16le: 2,
  pcm_f32le: 4,
  pcm_mulaw: 1,
  pcm_alaw: 1,
};

/** Returns the bytes of a sample in an encoding such as `pcm_s16le`; 0 for one that is not known. */
export const pcmSampleBytes = (encoding: unknown): number => PCM[String(encoding)] ?? 0;
