// The caller's voice: a microphone or a recording, one at a time, passed on while the gate is open.
// With push-to-talk the gate is open while the key is down; with voice detection it always is.

import { VoiceWatch } from '../audio/energy-vad.ts';
import type { Microphone, MicrophoneOptions } from '../audio/microphone.ts';
import { chunkMs, levelOf, peaksOf, toInt16 } from '../audio/pcm.ts';
import { Resampler } from '../audio/resampler.ts';
import { type SpeechClock, speak } from '../audio/speech.ts';
import type { Recording } from '../audio/wav.ts';
import { blockMs, PeakRing } from '../audio/waveforms.ts';

export interface SpeechInputOptions {
  readonly clock: SpeechClock;
  open(options: MicrophoneOptions): Promise<Microphone>;
  /** Chunks that pass the gate, at the rate that was asked for. */
  onChunk(samples: Int16Array): void;
  onMicrophoneEnded(): void;
}

/** A second of silence after a recording, so that the provider hears that the turn has ended. */
const silenceMs = 1200;

export class SpeechInput {
  readonly watch = new VoiceWatch();
  readonly ring = new PeakRing(30_000);
  gateOpen = false;
  muted = false;
  /** Root mean square of the last chunk of the microphone, 0 to 1, whether it passed or not. */
  level = 0;
  readonly #options: SpeechInputOptions;
  #microphone: Microphone | undefined;
  #wanted = '';
  #openings = 0;
  #stopRecording: (() => void) | undefined;

  constructor(options: SpeechInputOptions) {
    this.#options = options;
  }

  get recording(): boolean {
    return this.#stopRecording !== undefined;
  }

  /**
   * Throws what the browser throws. An open microphone of the same device and rate is kept.
   * False: it was closed or opened again before the browser was done.
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
      onChunk: (samples) => this.#hear(samples, rateHz),
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

  /** The microphone is not heard meanwhile. `withSilence`: followed by the silence that ends a turn. */
  play(recording: Recording, options: { rateHz: number; withSilence: boolean; onDone(): void }): void {
    this.stopRecording();
    const { rateHz } = options;
    this.#stopRecording = speak(
      {
        samples: convert(recording, rateHz),
        rateHz,
        chunkMs,
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

  /** The shape of the utterance that ended last. */
  lastUtterance(): number[] {
    const { since, lastAt } = this.watch;
    return since === undefined || lastAt === undefined ? [] : this.ring.between(since - 120, lastAt + 80);
  }

  #hear(samples: Int16Array, rateHz: number): void {
    this.level = levelOf(samples);
    if (!this.recording && this.gateOpen && !this.muted) this.#pass(samples, rateHz);
  }

  #pass(samples: Int16Array, rateHz: number): void {
    const now = this.#options.clock.now();
    this.ring.push(peaksOf(samples, (rateHz * blockMs) / 1000), now);
    this.watch.hear(levelOf(samples), now);
    this.#options.onChunk(samples);
  }
}

function convert({ samples, rateHz }: Recording, toHz: number): Int16Array {
  if (rateHz === toHz) return samples;
  const resampler = new Resampler(rateHz, toHz);
  const floats = Float32Array.from(samples, (value) => value / 32_768);
  return Int16Array.from([...toInt16(resampler.push(floats)), ...toInt16(resampler.flush())]);
}
