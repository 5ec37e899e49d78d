// Measures of audio by its format, as OpenAI names formats.

import { type JsonObject, textAt } from '../../../codecs/json/object.ts';
import type { Dialect } from '../contract/dialect.ts';
import type { Observation } from '../contract/observation.ts';

const PCM_24K_BYTES = 48_000;
const G711_BYTES = 8000;

/** A token of the user's audio is 100 ms, one of the assistant's 50 ms. https://platform.openai.com/docs/guides/realtime-costs */
export const openaiSound: Dialect['sound'] = {
  upstream: { bytesPerSecond: PCM_24K_BYTES, tokensPerSecond: 10 },
  downstream: { bytesPerSecond: PCM_24K_BYTES, tokensPerSecond: 20 },
};

/** Reads the formats that a session has, by their names of today and of the beta: `audio/pcmu`, `g711_ulaw`. */
export function soundBytesPerSecond(session: JsonObject): Observation['soundBytesPerSecond'] {
  const upstream = textAt(session, 'audio', 'input', 'format', 'type') ?? textAt(session, 'input_audio_format');
  const downstream = textAt(session, 'audio', 'output', 'format', 'type') ?? textAt(session, 'output_audio_format');
  if (upstream === undefined && downstream === undefined) return undefined;
  return {
    ...(upstream !== undefined && { upstream: bytesOf(upstream) }),
    ...(downstream !== undefined && { downstream: bytesOf(downstream) }),
  };
}

const bytesOf = (format: string): number => (/pcm[ua]|g711/.test(format) ? G711_BYTES : PCM_24K_BYTES);
