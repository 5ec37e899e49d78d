// Voice activity detection over one signal: where speech starts, and where a silence has ended it.
// Rule: positions are counted in samples since the session began, never taken from a clock.

import { concatSamples } from '../../../codecs/audio/pcm16.ts';
import { COARSE_ZERO_CROSSINGS, createResampler, type StreamingResampler } from '../../../codecs/audio/resample.ts';
import {
  VAD_FRAME_MS,
  VAD_FRAME_SAMPLES,
  VAD_RATE_HZ,
  type VadMode,
  type VoiceDetector,
  type VoiceDetectorFactory,
} from '../../../codecs/audio/vad.ts';

/** Speech starts when this many frames of the window were voiced: the detector passes up to 100 ms of noise. */
const START_VOICED_FRAMES = 8;
const START_WINDOW_FRAMES = 12;
/**
 * A frame with this many times less energy than the loudest of the turn (24 dB) is not speech. The detector takes seconds
 * to learn that the noise after a turn is noise, such as the comfort noise of a browser's echo canceller.
 */
const QUIETER_FACTOR = 250;
/** The loudness of a turn decays by 3 dB a second after it, so that a quieter caller is heard too. */
const LOUDNESS_DECAY = 0.985;

/** The conditions for the start and the end of speech. */
export interface VadSettings {
  readonly mode: VadMode;
  readonly prefixPaddingMs: number;
  readonly silenceMs: number;
}

/** `audioMs`: position in the audio since the session began. `speechMs`: from the first to the last voiced frame. */
export type SpeechEvent =
  | { readonly kind: 'started'; readonly audioMs: number }
  | { readonly kind: 'stopped'; readonly audioMs: number; readonly speechMs: number };

interface Speech {
  readonly firstMs: number;
  lastMs: number;
}

/** Finds speech in one signal. Holds a voice detector: free it. */
export class VoiceActivityDetector {
  readonly #settings: VadSettings;
  readonly #resampler: StreamingResampler;
  readonly #detector: VoiceDetector;
  #pending: Int16Array = new Int16Array(0);
  #recentFrames: boolean[] = [];
  #positionMs: number;
  #speech: Speech | undefined;
  /** Energy of the loudest voiced frame of the turn; it decays between turns. */
  #loudestEnergy = 0;

  constructor(setup: {
    settings: VadSettings;
    sampleRateHz: number;
    createDetector: VoiceDetectorFactory;
    positionMs?: number;
  }) {
    this.#settings = setup.settings;
    this.#resampler = createResampler(setup.sampleRateHz, VAD_RATE_HZ, COARSE_ZERO_CROSSINGS);
    this.#detector = setup.createDetector(setup.settings.mode);
    this.#positionMs = setup.positionMs ?? 0;
  }

  get isSpeaking(): boolean {
    return this.#speech !== undefined;
  }

  push(samples: Int16Array): SpeechEvent[] {
    const signal = concatSamples([this.#pending, this.#resampler.process(samples)]);
    const events: SpeechEvent[] = [];
    let offset = 0;
    for (; offset + VAD_FRAME_SAMPLES <= signal.length; offset += VAD_FRAME_SAMPLES) {
      const event = this.#readFrame(signal.subarray(offset, offset + VAD_FRAME_SAMPLES));
      if (event) events.push(event);
    }
    this.#pending = signal.slice(offset);
    return events;
  }

  /** Drops speech that has begun: the client committed or cleared its audio. */
  reset(): void {
    this.#speech = undefined;
    this.#recentFrames = [];
  }

  free(): void {
    this.#detector.free();
  }

  #readFrame(frame: Int16Array): SpeechEvent | undefined {
    this.#positionMs += VAD_FRAME_MS;
    const isVoiced = this.#detector.isVoice(frame) && this.#isLoud(frame);
    if (!this.#speech) this.#loudestEnergy *= LOUDNESS_DECAY;
    return this.#speech ? this.#whileSpeaking(this.#speech, isVoiced) : this.#whileSilent(isVoiced);
  }

  #isLoud(frame: Int16Array): boolean {
    const energy = frame.reduce((sum, sample) => sum + sample * sample, 0);
    if (this.#speech) this.#loudestEnergy = Math.max(this.#loudestEnergy, energy);
    return energy * QUIETER_FACTOR >= this.#loudestEnergy;
  }

  #whileSilent(isVoiced: boolean): SpeechEvent | undefined {
    const recent = this.#recentFrames;
    recent.push(isVoiced);
    if (recent.length > START_WINDOW_FRAMES) recent.shift();
    if (recent.filter(Boolean).length < START_VOICED_FRAMES) return undefined;
    const firstMs = this.#positionMs - (recent.length - recent.indexOf(true)) * VAD_FRAME_MS;
    this.#speech = { firstMs, lastMs: this.#positionMs };
    this.#recentFrames = [];
    return { kind: 'started', audioMs: Math.max(0, firstMs - this.#settings.prefixPaddingMs) };
  }

  #whileSpeaking(speech: Speech, isVoiced: boolean): SpeechEvent | undefined {
    if (isVoiced) speech.lastMs = this.#positionMs;
    if (this.#positionMs - speech.lastMs < this.#settings.silenceMs) return undefined;
    this.#speech = undefined;
    return { kind: 'stopped', audioMs: this.#positionMs, speechMs: speech.lastMs - speech.firstMs };
  }
}
