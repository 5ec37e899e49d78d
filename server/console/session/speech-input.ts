// The caller's voice: a microphone or a recording, one at a time, passed on while the gate is open.
// With push-to-talk the gate is open while the key is down; with voice detection it always is.

import { resample } from '../../../codecs/audio/resample.ts';
import { EnergyVad } from '../audio/energy-vad.ts';
import type { Microphone, MicrophoneOptions } from '../audio/microphone.ts';
import { levelOf, peaksOf } from '../audio/pcm.ts';
import type { Recording } from '../audio/recording.ts';
import { type SpeechClock, speak } from '../audio/speech.ts';
import { blockMs, RecentPeaks } from '../audio/waveforms.ts';

interface SpeechInputOptions {
  readonly clock: SpeechClock;
  open(options: MicrophoneOptions): Promise<Microphone>;
  /** Called with chunks that pass the gate, at the rate that was asked for. */
  onChunk(samples: Int16Array): void;
  onMicrophoneEnded(): void;
}

/** Silence after a recording, so that the provider notices the end of the turn. */
const silenceMs = 1200;

export class SpeechInput {
  /** Judges the chunks that passed the gate. */
  readonly vad = new EnergyVad();
  readonly peaks = new RecentPeaks(30_000);
  gateOpen = false;
  muted = false;
  /** Root mean square of the microphone's last chunk, 0 to 1, whether it passed or not. */
  level = 0;
  readonly #options: SpeechInputOptions;
  #microphone: Microphone | undefined;
  /** Device and rate of the microphone that is open or being opened. */
  #wanted = '';
  #openings = 0;
  #stopRecording: (() => void) | undefined;

  constructor(options: SpeechInputOptions) {
    this.#options = options;
  }

  get isPlayingRecording(): boolean {
    return this.#stopRecording !== undefined;
  }

  /**
   * Opens a microphone; one of the same device and rate that is open is kept. Throws what the browser throws.
   * False when it was closed or opened again before the browser was done.
   */
  async openMicrophone(deviceId: string, rateHz: number): Promise<boolean> {
    const wanted = `${deviceId} ${rateHz}`;
    if (this.#microphone !== undefined && this.#wanted === wanted) return true;
    this.closeMicrophone();
    this.#wanted = wanted;
    const opening = ++this.#openings;
    const microphone = await this.#options.open({
      deviceId,
      rateHz,
      onChunk: (samples) => this.#receive(samples, rateHz),
      onEnded: () => {
        this.closeMicrophone();
        this.#options.onMicrophoneEnded();
      },
    });
    if (opening !== this.#openings) {
      microphone.close();
      return false;
    }
    this.#microphone = microphone;
    return true;
  }

  closeMicrophone(): void {
    this.#openings += 1;
    this.#microphone?.close();
    this.#microphone = undefined;
    this.level = 0;
  }

  /** Sends a recording; the microphone does not pass meanwhile. `withSilence`: adds the silence that ends a turn. */
  play(recording: Recording, options: { rateHz: number; withSilence: boolean; onDone(): void }): void {
    this.stopRecording();
    const { rateHz } = options;
    this.#stopRecording = speak(
      {
        samples: resample(recording.samples, recording.rateHz, rateHz),
        rateHz,
        silenceMs: options.withSilence ? silenceMs : 0,
        onChunk: (samples) => this.#pass(samples, rateHz),
        onDone: () => {
          this.#stopRecording = undefined;
          options.onDone();
        },
      },
      this.#options.clock,
    );
  }

  stopRecording(): void {
    this.#stopRecording?.();
    this.#stopRecording = undefined;
  }

  /** Peaks of the utterance that ended last. */
  lastUtterance(): number[] {
    const { since, lastAt } = this.vad;
    return since === undefined || lastAt === undefined ? [] : this.peaks.between(since - 120, lastAt + 80);
  }

  #receive(samples: Int16Array, rateHz: number): void {
    this.level = levelOf(samples);
    if (!this.isPlayingRecording && this.gateOpen && !this.muted) this.#pass(samples, rateHz);
  }

  #pass(samples: Int16Array, rateHz: number): void {
    const now = this.#options.clock.now();
    this.peaks.push(peaksOf(samples, (rateHz * blockMs) / 1000), now);
    this.vad.add(levelOf(samples), now);
    this.#options.onChunk(samples);
  }
}
