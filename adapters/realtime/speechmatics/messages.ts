// Reads what the messages of both dialects of Speechmatics have in common: `message` is their type, and sound goes up in binary ones.

import { jsonFault } from '../../../codecs/json/fault.ts';
import { type JsonObject, objectAt, readObject, textAt } from '../../../codecs/json/object.ts';
import type { Direction, Frame } from '../../../codecs/websocket/frame.ts';
import type { SoundRates } from '../contract/metering.ts';
import type { Observation, Utterance } from '../contract/observation.ts';
import { soundOf } from '../sound.ts';

/** Observes sound, and has other messages read by their type. */
export function observeMessage(
  { data, binary }: Frame,
  direction: Direction,
  read: (type: string, event: JsonObject, data: Buffer) => Observation,
): Observation | undefined {
  if (binary) return soundOf(direction);
  const event = readObject(data);
  const type = textAt(event, 'message');
  return event === undefined || type === undefined ? undefined : read(type, event, data);
}

/** Words that will not change, in a piece of what is said. */
export function transcriptIn(event: JsonObject): readonly Utterance[] | undefined {
  const text = textAt(event, 'metadata', 'transcript');
  return text ? [{ role: 'user', text, isPartial: true }] : undefined;
}

const SAMPLE_BYTES: Readonly<Record<string, number>> = { pcm_s16le: 2, pcm_f32le: 4, mulaw: 1 };

/** The rate of raw sound; 0 for a file, which has a format of its own. A format that is named twice may be any. */
export function soundRates(event: JsonObject, data: Buffer): SoundRates | undefined {
  const { type, encoding, sample_rate: rate } = objectAt(event, 'audio_format') ?? {};
  const isKnown = type === 'raw' && jsonFault(data.toString()) === undefined;
  const bytes = isKnown ? Number(rate) * (SAMPLE_BYTES[String(encoding)] ?? Number.NaN) : Number.NaN;
  return { upstream: Number.isFinite(bytes) ? bytes : 0 };
}
