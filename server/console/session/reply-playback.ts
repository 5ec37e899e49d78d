// The provider's voice: what arrives is played, and an interruption silences it and tells what was heard.
// From the moment of the interruption nothing more of that reply is taken, though it is still on its way.

import { fromBase64, peaksOf, playbackRateHz, toInt16 } from '../audio/pcm.ts';
import { PlayLedger } from '../audio/playback-tracker.ts';
import type { Player, PlayerHandlers, Progress } from '../audio/player.ts';
import { Resampler } from '../audio/resampler.ts';
import { blockMs, type WaveBook } from '../audio/waveforms.ts';
import type { AudioEvent, Cut } from '../dialects/dialect.ts';

export interface OutputCounts {
  readonly receivedSamples: number;
  readonly playedSamples: number;
  readonly queuedSamples: number;
  readonly gaps: number;
}

export interface ReplyOutputOptions {
  readonly waves: WaveBook;
  open(handlers: PlayerHandlers): Promise<Player>;
  onStarted(itemId: string, at: number): void;
  onCounts(counts: OutputCounts): void;
}

export class ReplyOutput {
  readonly #options: ReplyOutputOptions;
  readonly #ledger = new PlayLedger(playbackRateHz);
  #resamplers = new Map<number, Resampler>();
  #player: Player | undefined;
  #refusing = false;
  #closed = false;
  #pushed = 0;
  #dropped = 0;
  #counts: OutputCounts = { receivedSamples: 0, playedSamples: 0, queuedSamples: 0, gaps: 0 };

  constructor(options: ReplyOutputOptions) {
    this.#options = options;
  }

  get player(): Player | undefined {
    return this.#player;
  }

  /** Something that was received has not been played yet. */
  get sounding(): boolean {
    return this.#counts.queuedSamples > 0;
  }

  async open(): Promise<void> {
    const player = await this.#options.open({
      onStarted: this.#options.onStarted,
      onProgress: (progress) => this.#progress(progress),
      onGap: () => this.#count({ gaps: this.#counts.gaps + 1 }),
    });
    // The session may have ended while the browser was making it.
    if (this.#closed) player.close();
    else this.#player = player;
  }

  replyStarted(): void {
    this.#refusing = false;
  }

  replyDone(): void {
    this.#refusing = false;
    this.#player?.finish();
  }

  audio(event: AudioEvent): void {
    const samples = this.#resampled(fromBase64(event.base64), event.rateHz);
    if (this.#refusing || !this.#ledger.receive(event.itemId, event.contentIndex, samples.length)) return;
    this.#options.waves.append(event.itemId, peaksOf(samples, (playbackRateHz * blockMs) / 1000));
    if (this.#player !== undefined) this.#pushed += samples.length;
    this.#player?.push(event.itemId, samples);
    this.#count({ receivedSamples: this.#ledger.totalReceived });
  }

  audioEnd(itemId: string): void {
    this.#ledger.end(itemId);
    this.#player?.finish();
  }

  /** Silence at once. `replying`: more of the reply may still arrive. Resolves to what was cut off. */
  async interrupt(replying: boolean): Promise<Cut[]> {
    this.#refusing = replying;
    this.#ledger.refuseAll();
    const player = this.#player;
    if (player === undefined) return [];
    const pushed = this.#pushed;
    const played = await player.flush();
    // Its progress came before its answer: what was pushed until then is either played or dropped.
    this.#dropped = pushed - this.#counts.playedSamples;
    this.#count({});
    return this.#ledger.cut(played, player.latencyMs);
  }

  close(): void {
    this.#closed = true;
    this.#player?.close();
    this.#player = undefined;
  }

  #progress({ totalPlayed, items }: Progress): void {
    for (const { item, playedSamples } of items) {
      this.#options.waves.played(item, (playedSamples * 1000) / playbackRateHz);
    }
    this.#count({ playedSamples: totalPlayed });
  }

  #count(change: Partial<OutputCounts>): void {
    const next = { ...this.#counts, ...change };
    this.#counts = { ...next, queuedSamples: this.#pushed - this.#dropped - next.playedSamples };
    this.#options.onCounts(this.#counts);
  }

  #resampled(samples: Int16Array, rateHz: number): Int16Array {
    if (rateHz === playbackRateHz) return samples;
    const resampler = this.#resamplers.get(rateHz) ?? new Resampler(rateHz, playbackRateHz);
    this.#resamplers.set(rateHz, resampler);
    return toInt16(resampler.push(Float32Array.from(samples, (value) => value / 32_768)));
  }
}
