// Sends a recording as if it were spoken now: chunks in real time, then a moment of silence.

import { chunkMs } from './pcm.ts';

export interface SpeechOptions {
  readonly samples: Int16Array;
  readonly rateHz: number;
  /** Silence after the recording, long enough for a provider to detect the end of the turn. */
  readonly silenceMs: number;
  onChunk(samples: Int16Array): void;
  /** Called after the last chunk, but not after a stop. */
  onDone(): void;
}

export interface SpeechClock {
  now(): number;
  every(ms: number, run: () => void): () => void;
}

/** Starts to send, and returns what stops it. A timer that is late catches up, so the pace is right on average. */
export function speak(options: SpeechOptions, clock: SpeechClock): () => void {
  const { samples, rateHz } = options;
  const chunkSamples = (rateHz * chunkMs) / 1000;
  const silence = Math.round((rateHz * options.silenceMs) / 1000);
  const chunks = Math.ceil((samples.length + silence) / chunkSamples);
  const startedAt = clock.now();
  let sent = 0;
  const stop = clock.every(chunkMs / 2, () => {
    // A chunk is due when its last sample would have been spoken.
    const due = Math.min(chunks, Math.floor((clock.now() - startedAt) / chunkMs));
    for (; sent < due; sent++) options.onChunk(chunkAt(samples, sent * chunkSamples, chunkSamples));
    if (sent < chunks) return;
    stop();
    options.onDone();
  });
  return stop;
}

function chunkAt(samples: Int16Array, start: number, length: number): Int16Array {
  const chunk = new Int16Array(length);
  chunk.set(samples.subarray(start, start + length));
  return chunk;
}

export const pageClock: SpeechClock = {
  now: () => performance.now(),
  every(ms, run) {
    const timer = setInterval(run, ms);
    return () => clearInterval(timer);
  },
};
