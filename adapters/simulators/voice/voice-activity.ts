// What the rehearsal provider hears: the audio of the running turn, and where speech starts and stops in it.
// Rule: positions are counted in samples since the session began, never taken from a clock.

import { concatSamples, durationMs } from '../../../codecs/pcm16.ts';
import { COARSE_ZERO_CROSSINGS, createResampler, type StreamingResampler } from '../../../codecs/resample.ts';
import {
  VAD_FRAME_MS,
  VAD_FRAME_SAMPLES,
  VAD_RATE_HZ,
  type VadMode,
  type VoiceDetector,
  type VoiceDetectorFactory,
} from '../../../codecs/vad.ts';

/** Speech starts when this much of the window before was voiced: the detector passes up to 100 ms of noise. */
const START_VOICED_FRAMES = 8;
const START_WINDOW_FRAMES = 12;
/**
 * A frame with so much less energy than the loudest of the turn (24 dB) is not speech: the detector takes seconds to
 * learn that the noise after a turn is none, such as the comfort noise of a browser's echo canceller.
 */
const QUIETER = 250;
/** After a turn its loudness is forgotten by 3 dB in a second, so that a quieter caller is heard too. */
const FORGOTTEN = 0.985;

/** When a turn of the caller starts and ends. */
export interface VadSettings {
  readonly mode: VadMode;
  readonly prefixPaddingMs: number;
  readonly silenceMs: number;
}

/** A change that the detector found. Times are of the audio since the session began. */
export type SpeechEvent =
  | { readonly kind: 'started'; readonly audioMs: number }
  /** `speechMs`: from the first to the last voiced frame. */
  | { readonly kind: 'stopped'; readonly audioMs: number; readonly speechMs: number };

/** Finds turns in one signal. Holds a detector: free it. */
export class VoiceActivityDetector {
  readonly #detection: VadSettings;
  readonly #resampler: StreamingResampler;
  readonly #detector: VoiceDetector;
  #pending: Int16Array = new Int16Array(0);
  #recent: boolean[] = [];
  #positionMs: number;
  #speaking: { readonly firstMs: number; lastMs: number } | undefined;
  /** Energy of the loudest voiced frame of this turn, or what is left of it since. */
  #loudest = 0;

  constructor(setup: {
    detection: VadSettings;
    sampleRateHz: number;
    createDetector: VoiceDetectorFactory;
    positionMs?: number;
  }) {
    this.#detection = setup.detection;
    this.#resampler = createResampler(setup.sampleRateHz, VAD_RATE_HZ, COARSE_ZERO_CROSSINGS);
    this.#detector = setup.createDetector(setup.detection.mode);
    this.#positionMs = setup.positionMs ?? 0;
  }

  get isSpeaking(): boolean {
    return this.#speaking !== undefined;
  }

  push(samples: Int16Array): SpeechEvent[] {
    const signal = concatSamples([this.#pending, this.#resampler.process(samples)]);
    const changes: SpeechEvent[] = [];
    let offset = 0;
    for (; offset + VAD_FRAME_SAMPLES <= signal.length; offset += VAD_FRAME_SAMPLES) {
      const change = this.#frame(signal.subarray(offset, offset + VAD_FRAME_SAMPLES));
      if (change) changes.push(change);
    }
    this.#pending = signal.slice(offset);
    return changes;
  }

  /** Forgets a turn that has begun, for a caller who commits or clears by hand. */
  reset(): void {
    this.#speaking = undefined;
    this.#recent = [];
  }

  free(): void {
    this.#detector.free();
  }

  #frame(frame: Int16Array): SpeechEvent | undefined {
    this.#positionMs += VAD_FRAME_MS;
    const voiced = this.#detector.isVoice(frame) && this.#isLoud(frame);
    if (!this.#speaking) this.#loudest *= FORGOTTEN;
    return this.#speaking ? this.#whileSpeaking(this.#speaking, voiced) : this.#whileSilent(voiced);
  }

  #isLoud(frame: Int16Array): boolean {
    const energy = frame.reduce((sum, sample) => sum + sample * sample, 0);
    if (this.#speaking) this.#loudest = Math.max(this.#loudest, energy);
    return energy * QUIETER >= this.#loudest;
  }

  #whileSilent(voiced: boolean): SpeechEvent | undefined {
    this.#recent.push(voiced);
    if (this.#recent.length > START_WINDOW_FRAMES) this.#recent.shift();
    if (this.#recent.filter(Boolean).length < START_VOICED_FRAMES) return undefined;
    const firstMs = this.#positionMs - (this.#recent.length - this.#recent.indexOf(true)) * VAD_FRAME_MS;
    this.#speaking = { firstMs, lastMs: this.#positionMs };
    this.#recent = [];
    return { kind: 'started', audioMs: Math.max(0, firstMs - this.#detection.prefixPaddingMs) };
  }

  #whileSpeaking(turn: { readonly firstMs: number; lastMs: number }, voiced: boolean): SpeechEvent | undefined {
    if (voiced) turn.lastMs = this.#positionMs;
    if (this.#positionMs - turn.lastMs < this.#detection.silenceMs) return undefined;
    this.#speaking = undefined;
    return { kind: 'stopped', audioMs: this.#positionMs, speechMs: turn.lastMs - turn.firstMs };
  }
}

/** Audio that was heard: a bounded store, and a count of all of it. */
export class TurnRecording {
  readonly sampleRateHz: number;
  readonly #keepMs: number;
  #pieces: Int16Array[] = [];
  #stored = 0;
  #heard = 0;

  /** Of what is never trimmed, the first `keepMs` are stored. */
  constructor(sampleRateHz: number, keepMs: number) {
    this.sampleRateHz = sampleRateHz;
    this.#keepMs = keepMs;
  }

  /** Everything heard since the last `clear`, also what was not stored. */
  get durationMs(): number {
    return durationMs(this.#heard, this.sampleRateHz);
  }

  push(samples: Int16Array): void {
    this.#heard += samples.length;
    if (durationMs(this.#stored, this.sampleRateHz) >= this.#keepMs) return;
    this.#pieces.push(samples);
    this.#stored += samples.length;
  }

  /** Keeps only about the last `lastMs`: silence before a turn. */
  trim(lastMs: number): void {
    const first = this.#pieces[0];
    if (!first || durationMs(this.#stored - first.length, this.sampleRateHz) < lastMs) return;
    this.#pieces.shift();
    this.#stored -= first.length;
    this.#heard -= first.length;
    this.trim(lastMs);
  }

  clear(): void {
    this.#pieces = [];
    this.#stored = 0;
    this.#heard = 0;
  }

  samples(): Int16Array {
    return concatSamples(this.#pieces);
  }
}
