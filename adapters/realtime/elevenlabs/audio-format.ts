// Measures of audio by its format, as ElevenLabs names formats. The names: read in its types (0.23).

/** Bytes of a second: of `pcm_16000` and the like, and of `ulaw_8000`; 0 for what is compressed. Without a name it is `pcm_16000`. */
export function bytesPerSecond(format = 'pcm_16000'): number {
  const [, encoding, rate] = /^(pcm|ulaw|alaw)_(\d+)$/.exec(format) ?? [];
  return Number(rate ?? 0) * (encoding === 'pcm' ? 2 : 1);
}
