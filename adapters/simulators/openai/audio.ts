// The audio of sessions on the wire: base64 of PCM16, or of G.711.

import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../../codecs/audio/g711.ts';
import { pcm16Bytes, pcm16Samples } from '../../../codecs/audio/pcm16.ts';
import { decodeBase64 } from '../../../codecs/text/base64.ts';
import { invalidValue, missingParameter } from './events.ts';

/** The largest append, in base64 characters. */
const MAX_APPEND_CHARS = 15 * 1024 * 1024;

/** The encoding of a session's audio. */
interface Encoding {
  readonly type: 'audio/pcm' | 'audio/pcmu' | 'audio/pcma';
}

/** The samples in the `audio` of an append. @throws EventError for what is no audio. */
export function appendedSamples(audio: unknown, format: Encoding): Int16Array {
  if (audio === undefined) throw missingParameter('audio');
  if (typeof audio !== 'string') throw invalidValue('audio', "Invalid type for 'audio': expected a string.");
  if (audio.length > MAX_APPEND_CHARS) throw invalidValue('audio', 'Audio of one event is limited to 15 MiB.');
  const bytes = decodeBase64(audio);
  if (!bytes) throw invalidValue('audio', "Invalid 'audio'. Expected base64-encoded audio bytes.");
  return decodeAudio(bytes, format);
}

/** Bytes of an encoding as samples. */
export function decodeAudio(bytes: Buffer, { type }: Encoding): Int16Array {
  if (type === 'audio/pcm') return pcm16Samples(bytes);
  return type === 'audio/pcmu' ? decodeMulaw(bytes) : decodeAlaw(bytes);
}

/** Samples as bytes of an encoding. */
export function encodeAudio(samples: Int16Array, { type }: Encoding): Buffer {
  if (type === 'audio/pcm') return pcm16Bytes(samples);
  return type === 'audio/pcmu' ? encodeMulaw(samples) : encodeAlaw(samples);
}
