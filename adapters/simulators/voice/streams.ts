// The streams of a reply: pieces of text at an interval, pieces of audio faster than they play.
// Rule: a stream plans one timer at a time, so that a cancelled stream leaves nothing behind.

import { durationMs } from '../../../codecs/audio/pcm16.ts';
import type { SimulatorTimes } from '../contract.ts';
import type { ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { textTokenCount } from '../tokens.ts';
import { replyAudio } from './reply-audio.ts';
import { type ReplyPrompt, replyText } from './reply-text.ts';

interface ReplyStream {
  /** Starts to send. `done` is called once unless the stream is cancelled; `isWhole`: no limit has cut it. */
  start(done: (isWhole: boolean) => void): void;
  cancel(): void;
}

export interface TextStream extends ReplyStream {
  sentText(): string;
}

export interface VoiceStream extends ReplyStream {
  /** Milliseconds of audio sent so far. */
  sentMs(): number;
}

/** Starts streams side by side. `done` is called when the last one is done; `isWhole`: no limit has cut any. */
export function startTogether(streams: readonly ReplyStream[], done: (isWhole: boolean) => void): void {
  let running = streams.length;
  let areAllWhole = true;
  for (const stream of streams) {
    stream.start((isWhole) => {
      running -= 1;
      areAllWhole &&= isWhole;
      if (running === 0) done(areAllWhole);
    });
  }
}

/** Sends `pieces` one by one, as long as their text has no more than `maxTokens`. */
export function streamText(setup: {
  readonly runtime: ScriptRuntime;
  readonly tokenMs: number;
  readonly pieces: readonly string[];
  readonly send: (piece: string) => void;
  readonly maxTokens?: number;
}): TextStream {
  const { runtime, tokenMs, pieces, send, maxTokens = Number.POSITIVE_INFINITY } = setup;
  let timer: VirtualTimer | undefined;
  let sent = '';
  const next = (index: number, done: (isWhole: boolean) => void): void => {
    const piece = pieces[index];
    if (piece === undefined || textTokenCount(sent + piece) > maxTokens) {
      done(piece === undefined);
      return;
    }
    sent += piece;
    send(piece);
    timer = runtime.after(tokenMs, () => next(index + 1, done));
  };
  return { start: (done) => next(0, done), cancel: () => timer?.cancel(), sentText: () => sent };
}

/** Sends the reply to `prompt` in speech, then the caller's own words. `isAllowed` tells whether so many milliseconds may be sent in all. */
export function streamVoice(setup: {
  readonly runtime: ScriptRuntime;
  readonly times: SimulatorTimes;
  readonly prompt: ReplyPrompt;
  /** The rate at which the audio is sent. */
  readonly sampleRateHz: number;
  readonly send: (samples: Int16Array) => void;
  readonly isAllowed?: (ms: number) => boolean;
}): VoiceStream {
  const { runtime, times, prompt, sampleRateHz } = setup;
  const isAllowed = setup.isAllowed ?? (() => true);
  let timer: VirtualTimer | undefined;
  let sentMs = 0;
  let pieces: Iterator<Int16Array> | undefined;
  let done: ((isWhole: boolean) => void) | undefined;
  const next = (): void => {
    if (!pieces || !done) return;
    const samples = pieces.next().value as Int16Array | undefined;
    const ms = durationMs(samples?.length ?? 0, sampleRateHz);
    if (!samples || !isAllowed(sentMs + ms)) {
      done(!samples);
      return;
    }
    sentMs += ms;
    setup.send(samples);
    timer = runtime.after(ms / times.audioSpeed, next);
  };
  // Synthesis is asked for at once, so that it overlaps with the time that a model would think.
  runtime.speak(replyText(prompt), sampleRateHz, (samples) => {
    const playback = prompt.kind === 'speech' ? prompt.playback : undefined;
    pieces = replyAudio({ samples, sampleRateHz }, playback, times.audioChunkMs);
    next();
  });
  return {
    start(whenDone) {
      done = whenDone;
      next();
    },
    cancel() {
      done = undefined;
      timer?.cancel();
    },
    sentMs: () => sentMs,
  };
}
