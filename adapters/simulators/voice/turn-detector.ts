// The rehearsal provider's ear: the audio of the running turn, cut where voice detection finds its ends.
// Rule: while nobody speaks only the padding before a turn is kept; without detection everything is, until it is taken.

import { durationMs } from '../../../codecs/pcm16.ts';
import type { VoiceDetectorFactory } from '../../../codecs/vad.ts';
import type { AudioClip } from './reply-audio.ts';
import { TurnRecording, type VadSettings, VoiceActivityDetector } from './voice-activity.ts';

/** Kept before a turn, besides its padding: the time that the detector takes to be sure. */
const DETECTION_MS = 260;
/** Silence that is left at the end of a turn that was cut. */
const TAIL_MS = 100;
/** A turn may end inside of an event; what follows belongs to the next one. */
const SLICE_MS = 20;

/** A turn of the caller. `inputMs` is all of its audio, also what is not in the clip. */
export interface CallerTurn {
  readonly clip: AudioClip;
  readonly inputMs: number;
  readonly speechMs: number;
}

/** What was noticed in the signal. `audioMs`: where, in milliseconds of audio since the session began. */
export type TurnEvent =
  | { readonly kind: 'started'; readonly audioMs: number }
  | { readonly kind: 'stopped'; readonly audioMs: number; readonly heard: CallerTurn };

/** How the signal comes, and how turns are found in it. */
export interface TurnDetectorSettings {
  readonly sampleRateHz: number;
  /** Undefined: turns are taken by hand. */
  readonly detection: VadSettings | undefined;
}

/** Listens to one signal. Holds a voice detector: free it. */
export class TurnDetector {
  readonly #createDetector: VoiceDetectorFactory;
  readonly #keepMs: number;
  #settings: TurnDetectorSettings;
  #recording: TurnRecording;
  #detector: VoiceActivityDetector | undefined;
  #positionMs = 0;

  /** `keepMs`: the most of one turn that is kept. */
  constructor(setup: { createDetector: VoiceDetectorFactory; keepMs: number; settings: TurnDetectorSettings }) {
    this.#createDetector = setup.createDetector;
    this.#keepMs = setup.keepMs;
    this.#settings = setup.settings;
    this.#recording = new TurnRecording(setup.settings.sampleRateHz, setup.keepMs);
  }

  /** Milliseconds of audio since the session began. */
  get positionMs(): number {
    return this.#positionMs;
  }

  get isSpeaking(): boolean {
    return this.#detector?.isSpeaking ?? false;
  }

  /** Milliseconds heard since the last turn was taken. */
  get bufferedMs(): number {
    return this.#recording.durationMs;
  }

  /** Other settings from here on; what was heard at another rate is lost. */
  configure(settings: TurnDetectorSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    if (settings.sampleRateHz !== this.#settings.sampleRateHz) {
      this.#recording = new TurnRecording(settings.sampleRateHz, this.#keepMs);
    }
    this.free();
    this.#settings = settings;
  }

  push(samples: Int16Array): TurnEvent[] {
    const slice = (this.#settings.sampleRateHz * SLICE_MS) / 1000;
    const changes: TurnEvent[] = [];
    for (let start = 0; start < samples.length; start += slice) {
      changes.push(...this.#hearSlice(samples.subarray(start, start + slice)));
    }
    return changes;
  }

  /** What was heard until here, as a turn of its own. */
  takeTurn(): CallerTurn {
    const inputMs = this.bufferedMs;
    const clip = { samples: this.#recording.samples(), sampleRateHz: this.#recording.sampleRateHz };
    this.reset();
    return { clip, inputMs, speechMs: inputMs };
  }

  reset(): void {
    this.#recording.clear();
    this.#detector?.reset();
  }

  free(): void {
    this.#detector?.free();
    this.#detector = undefined;
  }

  #hearSlice(samples: Int16Array): TurnEvent[] {
    const { detection, sampleRateHz } = this.#settings;
    this.#recording.push(samples);
    if (detection) this.#detector ??= this.#startDetector(detection);
    this.#positionMs += durationMs(samples.length, sampleRateHz);
    if (!this.#detector || !detection) return [];
    const changes = this.#detector.push(samples).map((change): TurnEvent => {
      if (change.kind === 'started') return change;
      const { clip, inputMs } = this.takeTurn();
      const heard = { clip: withoutSilence(clip, detection.silenceMs), inputMs, speechMs: change.speechMs };
      return { kind: 'stopped', audioMs: change.audioMs, heard };
    });
    if (!this.#detector.isSpeaking) this.#recording.trim(detection.prefixPaddingMs + DETECTION_MS);
    return changes;
  }

  #startDetector(detection: VadSettings): VoiceActivityDetector {
    return new VoiceActivityDetector({
      detection,
      sampleRateHz: this.#settings.sampleRateHz,
      createDetector: this.#createDetector,
      positionMs: this.#positionMs,
    });
  }
}

function withoutSilence(clip: AudioClip, silenceMs: number): AudioClip {
  const cut = Math.round((Math.max(0, silenceMs - TAIL_MS) * clip.sampleRateHz) / 1000);
  return { ...clip, samples: clip.samples.subarray(0, Math.max(0, clip.samples.length - cut)) };
}
