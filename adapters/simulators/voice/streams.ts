// The streams of a reply: pieces of text at an interval, pieces of audio faster than they play.
// Rule: a stream plans one timer at a time, so that a cancelled stream leaves nothing behind.

import { durationMs } from '../../../codecs/pcm16.ts';
import type { SimulatorTimes } from '../contract.ts';
import type { ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { type AudioClip, ReplyAudio } from './reply-audio.ts';

export interface ReplyStream {
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

/** Sends `pieces` one by one. `isAllowed` tells whether so much text may be sent in all. */
export function streamText(setup: {
  readonly runtime: ScriptRuntime;
  readonly tokenMs: number;
  readonly pieces: readonly string[];
  readonly send: (piece: string) => void;
  readonly isAllowed?: (text: string) => boolean;
}): TextStream {
  let timer: VirtualTimer | undefined;
  let sent = '';
  const next = (index: number, done: (isWhole: boolean) => void): void => {
    const piece = setup.pieces[index];
    const isAllowed = piece === undefined || (setup.isAllowed?.(sent + piece) ?? true);
    if (piece === undefined || !isAllowed) {
      done(isAllowed);
      return;
    }
    sent += piece;
    setup.send(piece);
    timer = setup.runtime.after(setup.tokenMs, () => next(index + 1, done));
  };
  return { start: (done) => next(0, done), cancel: () => timer?.cancel(), sentText: () => sent };
}

interface SpokenReply {
  readonly text: string;
  /** The rate at which the audio is sent. */
  readonly sampleRateHz: number;
  /** The caller's own words, sent after the text. */
  readonly playback: AudioClip | undefined;
}

/** Sends the spoken text and the playback. `isAllowed` tells whether so many milliseconds may be sent in all. */
export function streamVoice(setup: {
  readonly runtime: ScriptRuntime;
  readonly times: SimulatorTimes;
  readonly reply: SpokenReply;
  readonly send: (samples: Int16Array) => void;
  readonly isAllowed?: (ms: number) => boolean;
}): VoiceStream {
  const { runtime, times, reply } = setup;
  const { sampleRateHz } = reply;
  let timer: VirtualTimer | undefined;
  let isCancelled = false;
  let sentMs = 0;
  let audio: ReplyAudio | undefined;
  let startWaiting: (() => void) | undefined;
  // Synthesis is asked for at once, so that it overlaps with the time that a model would think.
  runtime.speak(reply.text, sampleRateHz, (samples) => {
    audio = new ReplyAudio(sampleRateHz, { samples, sampleRateHz }, reply.playback);
    startWaiting?.();
  });
  const next = (done: (isWhole: boolean) => void): void => {
    if (isCancelled) return;
    const samples = audio?.next(times.audioChunkMs);
    const ms = samples ? durationMs(samples.length, sampleRateHz) : 0;
    const isAllowed = setup.isAllowed?.(sentMs + ms) ?? true;
    if (!samples || !isAllowed) {
      done(isAllowed);
      return;
    }
    sentMs += ms;
    setup.send(samples);
    timer = runtime.after(ms / times.audioSpeed, () => next(done));
  };
  return {
    start(done) {
      startWaiting = () => next(done);
      if (audio) next(done);
    },
    cancel() {
      isCancelled = true;
      timer?.cancel();
    },
    sentMs: () => sentMs,
  };
}
