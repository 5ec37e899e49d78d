// The turns of a caller: input audio is kept and cut where voice activity detection finds the end of a turn.
// Rule: while nobody speaks only the padding before a turn is kept; without detection everything is kept until it is taken.

import { durationMs } from '../../../codecs/audio/pcm16.ts';
import type { VoiceDetectorFactory } from '../../../codecs/audio/vad.ts';
import type { AudioClip } from './reply-audio.ts';
import { TurnRecording } from './turn-recording.ts';
import { type VadSettings, VoiceActivityDetector } from './voice-activity.ts';

/** Audio kept before a turn besides its padding: the detector takes this long to be sure. */
const DETECTION_MS = 260;
/** Silence that is left at the end of a turn. */
const TAIL_MS = 100;
/** Audio is read in slices of this length, since a turn may end inside of one message. */
const SLICE_MS = 20;

/** A turn of a caller. `inputMs` is the length of all its audio, of which `clip` may hold only a part. */
export interface CallerTurn {
  readonly clip: AudioClip;
  readonly inputMs: number;
  readonly speechMs: number;
}

/** The start or the end of a turn. `audioMs`: position in the audio since the session began. */
export type TurnEvent =
  | { readonly kind: 'started'; readonly audioMs: number }
  | { readonly kind: 'stopped'; readonly audioMs: number; readonly turn: CallerTurn };

export interface TurnDetectorSettings {
  readonly sampleRateHz: number;
  /** Settings of the detection; undefined when turns are taken with `takeTurn`. */
  readonly detection: VadSettings | undefined;
}

interface TurnDetectorSetup {
  readonly createDetector: VoiceDetectorFactory;
  /** The longest part of one turn that is kept. */
  readonly keepMs: number;
  readonly settings: TurnDetectorSettings;
}

/** Finds the turns of one input signal. Holds a voice detector: free it. */
export class TurnDetector {
  readonly #setup: TurnDetectorSetup;
  #settings: TurnDetectorSettings;
  #recording: TurnRecording;
  #voiceActivity: VoiceActivityDetector | undefined;
  #positionMs = 0;

  constructor(setup: TurnDetectorSetup) {
    this.#setup = setup;
    this.#settings = setup.settings;
    this.#recording = new TurnRecording(setup.settings.sampleRateHz, setup.keepMs);
  }

  /** Milliseconds of audio since the session began. */
  get positionMs(): number {
    return this.#positionMs;
  }

  get isSpeaking(): boolean {
    return this.#voiceActivity?.isSpeaking ?? false;
  }

  /** Milliseconds of audio since the last turn was taken. */
  get bufferedMs(): number {
    return this.#recording.durationMs;
  }

  /** Changes the settings from here on. Audio that was kept at another rate is lost. */
  configure(settings: TurnDetectorSettings): void {
    if (JSON.stringify(settings) === JSON.stringify(this.#settings)) return;
    if (settings.sampleRateHz !== this.#settings.sampleRateHz) {
      this.#recording = new TurnRecording(settings.sampleRateHz, this.#setup.keepMs);
    }
    this.free();
    this.#settings = settings;
  }

  push(samples: Int16Array): TurnEvent[] {
    const slice = (this.#settings.sampleRateHz * SLICE_MS) / 1000;
    const events: TurnEvent[] = [];
    for (let start = 0; start < samples.length; start += slice) {
      events.push(...this.#pushSlice(samples.subarray(start, start + slice)));
    }
    return events;
  }

  /** Returns the audio that is kept as a turn, and starts anew. */
  takeTurn(): CallerTurn {
    const inputMs = this.bufferedMs;
    const clip = { samples: this.#recording.samples(), sampleRateHz: this.#recording.sampleRateHz };
    this.reset();
    return { clip, inputMs, speechMs: inputMs };
  }

  /** Drops the audio that is kept, and a turn that has begun. */
  reset(): void {
    this.#recording.clear();
    this.#voiceActivity?.reset();
  }

  free(): void {
    this.#voiceActivity?.free();
    this.#voiceActivity = undefined;
  }

  #pushSlice(samples: Int16Array): TurnEvent[] {
    const { detection, sampleRateHz } = this.#settings;
    this.#recording.push(samples);
    const positionMs = this.#positionMs;
    this.#positionMs += durationMs(samples.length, sampleRateHz);
    if (!detection) return [];
    const { createDetector } = this.#setup;
    this.#voiceActivity ??= new VoiceActivityDetector({
      settings: detection,
      sampleRateHz,
      createDetector,
      positionMs,
    });
    const events = this.#voiceActivity.push(samples).map((event): TurnEvent => {
      if (event.kind === 'started') return event;
      const { clip, inputMs } = this.takeTurn();
      const turn = { clip: withoutSilence(clip, detection.silenceMs), inputMs, speechMs: event.speechMs };
      return { kind: 'stopped', audioMs: event.audioMs, turn };
    });
    if (!this.#voiceActivity.isSpeaking) this.#recording.trim(detection.prefixPaddingMs + DETECTION_MS);
    return events;
  }
}

function withoutSilence(clip: AudioClip, silenceMs: number): AudioClip {
  const cut = Math.round((Math.max(0, silenceMs - TAIL_MS) * clip.sampleRateHz) / 1000);
  return { ...clip, samples: clip.samples.subarray(0, Math.max(0, clip.samples.length - cut)) };
}
