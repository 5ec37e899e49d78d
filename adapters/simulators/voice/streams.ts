// How a reply is streamed: pieces of text at an interval, pieces of audio faster than they play.
// Rule: a stream plans one step at a time, so that a cancelled one leaves nothing behind.

import { durationMs } from '../../../codecs/pcm16.ts';
import type { SimulatorTimes } from '../contract.ts';
import type { ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { type AudioClip, ReplyAudio } from './reply-audio.ts';

/** A stream that is running, or will. */
export interface ReplyStream {
  /** `done` is called once, unless the stream is cancelled; `whole`: nothing was cut by a limit. */
  start(done: (whole: boolean) => void): void;
  cancel(): void;
}

/** Text on its way. */
export interface TextStream extends ReplyStream {
  /** What was sent so far. */
  sentText(): string;
}

/** Speech on its way. */
export interface VoiceStream extends ReplyStream {
  /** How much was sent so far, in milliseconds of audio. */
  sentMs(): number;
}

/** Sends `pieces` one by one; `allowed` says whether so much text may be sent. */
export function streamText(setup: {
  readonly stage: ScriptRuntime;
  readonly tokenMs: number;
  readonly pieces: readonly string[];
  readonly send: (piece: string) => void;
  readonly allowed?: (text: string) => boolean;
}): TextStream {
  let step: VirtualTimer | undefined;
  let said = '';
  const next = (index: number, done: (whole: boolean) => void): void => {
    const piece = setup.pieces[index];
    const allowed = piece === undefined || (setup.allowed?.(said + piece) ?? true);
    if (piece === undefined || !allowed) {
      done(allowed);
      return;
    }
    said += piece;
    setup.send(piece);
    step = setup.stage.after(setup.tokenMs, () => next(index + 1, done));
  };
  return { start: (done) => next(0, done), cancel: () => step?.cancel(), sentText: () => said };
}

/** What a spoken reply consists of. */
export interface Spoken {
  readonly text: string;
  /** The rate at which it is sent. */
  readonly sampleRateHz: number;
  /** The caller's own words, after the text. */
  readonly playback: AudioClip | undefined;
}

/** Sends the spoken text and the playback; `allowed` says whether so many milliseconds may be sent. */
export function streamVoice(setup: {
  readonly stage: ScriptRuntime;
  readonly times: SimulatorTimes;
  readonly spoken: Spoken;
  readonly send: (samples: Int16Array) => void;
  readonly allowed?: (ms: number) => boolean;
}): VoiceStream {
  const { stage, times, spoken } = setup;
  const { sampleRateHz } = spoken;
  let step: VirtualTimer | undefined;
  let cancelled = false;
  let sentMs = 0;
  let voice: ReplyAudio | undefined;
  let waiting: (() => void) | undefined;
  // Asked for at once, so that synthesis overlaps with the time that a model would think.
  stage.speak(spoken.text, sampleRateHz, (samples) => {
    voice = new ReplyAudio(sampleRateHz, { samples, sampleRateHz }, spoken.playback);
    waiting?.();
  });
  const next = (done: (whole: boolean) => void): void => {
    if (cancelled) return;
    const samples = voice?.next(times.audioChunkMs);
    const ms = samples ? durationMs(samples.length, sampleRateHz) : 0;
    const allowed = setup.allowed?.(sentMs + ms) ?? true;
    if (!samples || !allowed) {
      done(allowed);
      return;
    }
    sentMs += ms;
    setup.send(samples);
    step = stage.after(ms / times.audioSpeed, () => next(done));
  };
  return {
    start(done) {
      waiting = () => next(done);
      if (voice) next(done);
    },
    cancel() {
      cancelled = true;
      step?.cancel();
    },
    sentMs: () => sentMs,
  };
}
