// Measures of audio by its format, as OpenAI names formats.

import { type JsonObject, objectAt, textAt } from '../../../codecs/json/object.ts';
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
  const upstream = bytesOf(objectAt(session, 'audio', 'input', 'format'), textAt(session, 'input_audio_format'));
  const downstream = bytesOf(objectAt(session, 'audio', 'output', 'format'), textAt(session, 'output_audio_format'));
  if (upstream === undefined && downstream === undefined) return undefined;
  return { ...(upstream !== undefined && { upstream }), ...(downstream !== undefined && { downstream }) };
}

/** Linear sound has two bytes a sample, of 24,000 in a second where nothing else is said. */
function bytesOf(named: JsonObject | undefined, beta: string | undefined): number | undefined {
  const { type, rate } = named ?? {};
  const format = typeof type === 'string' ? type : beta;
  if (format === undefined) return undefined;
  if (/pcm[ua]|g711/.test(format)) return G711_BYTES;
  // Voice Live has names such as `pcm16_8000hz`.
  const [, hertz] = /_(\d+)hz$/.exec(format) ?? [];
  if (hertz !== undefined) return 2 * Number(hertz);
  return typeof rate === 'number' && rate > 0 ? 2 * rate : PCM_24K_BYTES;
}
