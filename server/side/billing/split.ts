// Splits usage into parts that do not overlap, each of one kind, and prices each at the price of its kind. A part without a price makes the whole
// unknown: no kind is ever charged at the price of another one.

import type { Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { PriceConfig } from '../../config/side-schema.ts';

/** Counts by the name of their price: minutes, searches, characters, messages, tokens. */
type TokenSplit = Readonly<Record<Exclude<keyof PriceConfig, 'request'>, number>>;

/** Makes the parts of reports, also of those that contradict themselves; undefined when nothing was counted. */
export function splitOf(usage: Usage): TokenSplit | undefined {
  const { inputTokens, outputTokens, inputTextTokens, outputTextTokens, seconds } = usage;
  const { inputAudioTokens: audio = 0, inputImageTokens: image = 0 } = usage;
  const { outputAudioTokens: audioOutput = 0, outputImageTokens: imageOutput = 0 } = usage;
  const input = Math.max(inputTokens ?? 0, (inputTextTokens ?? 0) + audio + image);
  const output = Math.max(outputTokens ?? 0, (outputTextTokens ?? 0) + audioOutput + imageOutput);
  const { inputAudioSeconds, outputAudioSeconds, characters, messages } = usage;
  const isCounted = [
    ...[inputTokens, outputTokens, inputTextTokens, outputTextTokens, seconds],
    ...[inputAudioSeconds, outputAudioSeconds, characters, messages],
  ].some((count) => count !== undefined);
  if (!isCounted && input + output === 0) return undefined;
  const cached = cachedOf(usage, { text: input - audio - image, audio, image });
  const written = Math.min(usage.cacheWriteTokens ?? 0, input - audio - image - cached.text);
  // Most reports do not say how long it stays: an hour costs more, so the estimate is no lower than the bill.
  const writtenForAnHour = Math.min(usage.cacheWriteHourTokens ?? written, written);
  return {
    input: input - audio - image - cached.text - written,
    cachedInput: cached.text,
    cacheWrite: written - writtenForAnHour,
    cacheWriteHour: writtenForAnHour,
    audioInput: audio - cached.audio,
    cachedAudioInput: cached.audio,
    imageInput: image - cached.image,
    cachedImageInput: cached.image,
    output: output - audioOutput - imageOutput,
    audioOutput,
    imageOutput,
    webSearch: usage.webSearches ?? 0,
    minute: (seconds ?? 0) / 60,
    audioInputMinute: (inputAudioSeconds ?? 0) / 60,
    audioOutputMinute: (outputAudioSeconds ?? 0) / 60,
    characters: characters ?? 0,
    message: messages ?? 0,
  };
}

interface Kinds {
  readonly text: number;
  readonly audio: number;
  readonly image: number;
}

/** Where a report does not say which tokens were cached, text counts first: audio saves more, so the estimate is no lower than the bill. */
function cachedOf({ cachedTokens = 0, cachedAudioTokens = 0, cachedImageTokens = 0 }: Usage, of: Kinds): Kinds {
  let [audio, image] = [Math.min(cachedAudioTokens, of.audio), Math.min(cachedImageTokens, of.image)];
  let rest = Math.max(0, Math.min(cachedTokens, of.text + of.audio + of.image) - audio - image);
  const text = Math.min(rest, of.text);
  rest -= text;
  const moreAudio = Math.min(rest, of.audio - audio);
  audio += moreAudio;
  image += Math.min(rest - moreAudio, of.image - image);
  return { text, audio, image };
}

/** USD; undefined where a part has no price. What is billed by time pays nothing for tokens and texts without a price. */
export function usdOf(split: TokenSplit, price: PriceConfig): number | undefined {
  const prices: PriceConfig = {
    ...price,
    cachedInput: price.cachedInput ?? price.input,
    cachedAudioInput: price.cachedAudioInput ?? price.audioInput,
    cachedImageInput: price.cachedImageInput ?? price.imageInput,
    cacheWriteHour: price.cacheWriteHour ?? price.cacheWrite,
    audioInputMinute: price.audioInputMinute ?? price.minute,
    audioOutputMinute: price.audioOutputMinute ?? price.minute,
  };
  const parts = (Object.entries(split) as [keyof TokenSplit, number][]).filter(([, count]) => count > 0);
  const isTimed = parts.some(([kind]) => TIME.has(kind) && prices[kind] !== undefined);
  let usd = (price.request ?? 0) / 1000;
  for (const [kind, count] of parts) {
    const each = prices[kind];
    if (each === undefined && !(kind === 'minute' ? parts.length > 1 : isTimed && !STRICT.has(kind))) return undefined;
    usd += (count * (each ?? 0)) / (UNITS[kind] ?? 1e6);
  }
  return usd;
}

const TIME: ReadonlySet<string> = new Set(['minute', 'audioInputMinute', 'audioOutputMinute']);

/** Kinds that are billed beside time. */
const STRICT: ReadonlySet<string> = new Set(['audioInputMinute', 'audioOutputMinute', 'webSearch']);

/** The count that a price is for, where that is not a million. */
const UNITS: { readonly [Kind in keyof TokenSplit]?: number } = {
  minute: 1,
  audioInputMinute: 1,
  audioOutputMinute: 1,
  message: 1,
  webSearch: 1000,
};
