// The rehearsal provider's ear: the audio of the running turn, cut where voice detection finds its ends.
// Rule: while nobody speaks only the padding before a turn is kept; without detection everything is, until it is taken.

import { durationMs } from '../../../codecs/pcm16.ts';
import type { VoiceDetectorFactory } from '../../../codecs/vad.ts';
import { type Detection, Recording, TurnDetector } from './turn-detector.ts';
import type { Clip } from './voice.ts';

/** Kept before a turn, besides its padding: the time that the detector takes to be sure. */
const DETECTION_MS = 260;
/** Silence that is left at the end of a turn that was cut. */
const TAIL_MS = 100;
/** A turn may end inside of an event; what follows belongs to the next one. */
const SLICE_MS = 20;

/** A turn of the caller. `heardMs` is all of its audio, also what is not in the clip. */
export interface Heard {
  readonly clip: Clip;
  readonly heardMs: number;
  readonly speechMs: number;
}

/** What was noticed in the signal. `audioMs`: where, in milliseconds of audio since the session began. */
export type EarChange =
  | { readonly kind: 'started'; readonly audioMs: number }
  | { readonly kind: 'stopped'; readonly audioMs: number; readonly heard: Heard };

/** How the signal comes, and how turns are found in it. */
export interface EarSettings {
  readonly sampleRateHz: number;
  /** Undefined: turns are taken by hand. */
  readonly detection: Detection | undefined;
}

/** Listens to one signal. Holds a voice detector: free it. */
export class Ear {
  readonly #createDetector: VoiceDetectorFactory;
  readonly #keepMs: number;
  #settings: EarSettings;
  #recording: Recording;
  #detector: TurnDetector | undefined;
  #positionMs = 0;

  /** `keepMs`: the most of one turn that is kept. */
  constructor(setup: { createDetector: VoiceDetectorFactory; keepMs: number; settings: EarSettings }) {
    this.#createDetector = setup.createDetector;
    this.#keepMs = setup.keepMs;
    this.#settings = setup.settings;
    this.#recording = new Recording(setup.settings.sampleRateHz, setup.keepMs);
  }

  /** Milliseconds of audio since the session began. */
  get positionMs(): number {
    return this.#positionMs;
  }

  get speaking(): boolean {
    return this.#detector?.speaking ?? false;
  }

  /** Milliseconds heard since the last turn was taken. */
  get pendingMs(): number {
    return this.#recording.durationMs;
  }

  /** Other settings from here on; what was heard at another rate is lost. */
  configure(settings: EarSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    if (settings.sampleRateHz !== this.#settings.sampleRateHz) {
      this.#recording = new Recording(settings.sampleRateHz, this.#keepMs);
    }
    this.free();
    this.#settings = settings;
  }

  hear(samples: Int16Array): EarChange[] {
    const slice = (this.#settings.sampleRateHz * SLICE_MS) / 1000;
    const changes: EarChange[] = [];
    for (let start = 0; start < samples.length; start += slice) {
      changes.push(...this.#hearSlice(samples.subarray(start, start + slice)));
    }
    return changes;
  }

  /** What was heard until here, as a turn of its own. */
  take(): Heard {
    const heardMs = this.pendingMs;
    const clip = { samples: this.#recording.samples(), sampleRateHz: this.#recording.sampleRateHz };
    this.forget();
    return { clip, heardMs, speechMs: heardMs };
  }

  forget(): void {
    this.#recording.clear();
    this.#detector?.forget();
  }

  free(): void {
    this.#detector?.free();
    this.#detector = undefined;
  }

  #hearSlice(samples: Int16Array): EarChange[] {
    const { detection, sampleRateHz } = this.#settings;
    this.#recording.push(samples);
    if (detection) this.#detector ??= this.#startDetector(detection);
    this.#positionMs += durationMs(samples.length, sampleRateHz);
    if (!this.#detector || !detection) return [];
    const changes = this.#detector.hear(samples).map((change): EarChange => {
      if (change.kind === 'started') return change;
      const { clip, heardMs } = this.take();
      const heard = { clip: withoutSilence(clip, detection.silenceMs), heardMs, speechMs: change.speechMs };
      return { kind: 'stopped', audioMs: change.audioMs, heard };
    });
    if (!this.#detector.speaking) this.#recording.trim(detection.prefixPaddingMs + DETECTION_MS);
    return changes;
  }

  #startDetector(detection: Detection): TurnDetector {
    return new TurnDetector({
      detection,
      sampleRateHz: this.#settings.sampleRateHz,
      createDetector: this.#createDetector,
      positionMs: this.#positionMs,
    });
  }
}

function withoutSilence(clip: Clip, silenceMs: number): Clip {
  const cut = Math.round((Math.max(0, silenceMs - TAIL_MS) * clip.sampleRateHz) / 1000);
  return { ...clip, samples: clip.samples.subarray(0, Math.max(0, clip.samples.length - cut)) };
}
