// The voice of a Live session: audio without end, in real time, of which most is silence.
// Rule: the clock of the session is the audio that was sent; words are told when their audio begins.

import { durationMs } from '../../../../codecs/audio/pcm16.ts';
import type { ScriptRuntime } from '../../script-runtime.ts';
import { textPieces } from '../../voice/reply-text.ts';

/** A stretch of the session, in milliseconds since its start. */
interface Stretch {
  readonly start_ms: number;
  readonly end_ms: number;
}

interface VoiceSetup {
  readonly runtime: ScriptRuntime;
  readonly sampleRateHz: number;
  /** Length of one piece of audio. */
  readonly pieceMs: number;
  readonly sendAudio: (samples: Int16Array) => void;
  readonly sendWord: (word: string, stretch: Stretch) => void;
}

/** Something that is said. `pieces`: its audio, each of `pieceMs` at most; `spokenMs`: the part of it that has the words. */
interface Saying {
  readonly pieces: Iterator<Int16Array>;
  readonly text: string;
  readonly spokenMs: number;
  /** Called when all of it was sent. */
  readonly done?: () => void;
}

interface Running extends Saying {
  readonly startMs: number;
  readonly words: readonly string[];
  told: number;
}

export class LiveVoice {
  readonly #setup: VoiceSetup;
  readonly #silence: Int16Array;
  #sentMs = 0;
  #saying: Running | undefined;

  constructor(setup: VoiceSetup) {
    this.#setup = setup;
    this.#silence = new Int16Array(Math.round((setup.sampleRateHz * setup.pieceMs) / 1000));
  }

  /** Milliseconds of audio since the session began. */
  get sentMs(): number {
    return Math.round(this.#sentMs);
  }

  start(): void {
    this.#next();
  }

  /** Says something in the place of what is being said. */
  say(saying: Saying): void {
    this.#saying = { ...saying, startMs: this.#sentMs, words: textPieces(saying.text), told: 0 };
  }

  /** Falls silent. What was being said is not done. */
  stop(): void {
    this.#saying = undefined;
  }

  #next(): void {
    const { runtime, sendAudio, sampleRateHz, pieceMs } = this.#setup;
    const piece = this.#saying?.pieces.next().value as Int16Array | undefined;
    if (piece === undefined) this.#finish();
    else this.#tellWords(pieceMs);
    const samples = piece ?? this.#silence;
    sendAudio(samples);
    const ms = durationMs(samples.length, sampleRateHz);
    this.#sentMs += ms;
    runtime.after(ms, () => this.#next());
  }

  #finish(): void {
    const saying = this.#saying;
    this.#saying = undefined;
    saying?.done?.();
  }

  /** Tells the words that begin within the next piece. */
  #tellWords(pieceMs: number): void {
    const saying = this.#saying;
    if (saying === undefined) return;
    const wordMs = saying.spokenMs / saying.words.length;
    for (; saying.told < saying.words.length; saying.told += 1) {
      const start = saying.startMs + saying.told * wordMs;
      if (start >= this.#sentMs + pieceMs) return;
      const stretch = { start_ms: Math.round(start), end_ms: Math.round(start + wordMs) };
      this.#setup.sendWord(saying.words[saying.told] as string, stretch);
    }
  }
}
