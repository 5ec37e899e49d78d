// The formats of sound by their names of today and of the beta: `{ type: 'audio/pcm', rate: 24000 }` is `pcm16`. A format that the other vocabulary has
// no name for stays as it is, so that the provider can say what it makes of it.

import { isObject } from '../../../../codecs/json/object.ts';

/** The rate of linear sound in the beta, where nothing else is said. */
const USUAL_HZ = 24_000;

const names: readonly (readonly [type: string, beta: string])[] = [
  ['audio/pcmu', 'g711_ulaw'],
  ['audio/pcma', 'g711_alaw'],
];

/** A format of the beta. `hertz`: the rate of what is heard, which Voice Live has in a field of its own, where it is not the usual one. */
interface BetaFormat {
  readonly format: unknown;
  readonly hertz?: number;
}

export function betaFormat(format: unknown, direction: 'input' | 'output'): BetaFormat {
  if (!isObject(format)) return { format };
  const { type, rate = USUAL_HZ, ...others } = format;
  if (Object.keys(others).length > 0) return { format };
  if (type !== 'audio/pcm') return { format: names.find(([known]) => known === type)?.[1] ?? format };
  if (rate === USUAL_HZ) return { format: 'pcm16' };
  if (typeof rate !== 'number') return { format };
  return direction === 'input' ? { format: 'pcm16', hertz: rate } : { format: `pcm16_${rate}hz` };
}

/** `hertz`: see `BetaFormat`. */
export function formatOfToday(format: unknown, hertz?: number): unknown {
  if (typeof format !== 'string') return format;
  if (format === 'pcm16') return { type: 'audio/pcm', rate: hertz ?? USUAL_HZ };
  // Qwen's name, whose rate differs with the direction.
  if (format === 'pcm') return { type: 'audio/pcm' };
  const [, named] = /^pcm16_(\d+)hz$/.exec(format) ?? [];
  if (named !== undefined) return { type: 'audio/pcm', rate: Number(named) };
  const type = names.find(([, known]) => known === format)?.[0];
  return type === undefined ? format : { type };
}
