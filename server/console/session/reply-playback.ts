// The provider's voice: what arrives is played, and an interruption silences it and says what was heard.
// From the moment of the interruption nothing more of that reply is taken, though it is still on its way.

import { PlaybackTracker, type Truncation } from '../../../client/playback/playback-tracker.ts';
import { createResampler } from '../../../codecs/audio/resample.ts';
import { fromBase64, peaksOf, playbackRateHz } from '../audio/pcm.ts';
import type { PlaybackProgress, Player, PlayerHandlers } from '../audio/player.ts';
import { blockMs, type Waveforms } from '../audio/waveforms.ts';
import type { AudioEvent } from '../dialects/dialect.ts';

export interface PlaybackCounts {
  readonly receivedSamples: number;
  readonly playedSamples: number;
  readonly queuedSamples: number;
  readonly gaps: number;
}

interface ReplyPlaybackOptions {
  readonly waveforms: Waveforms;
  open(handlers: PlayerHandlers): Promise<Player>;
  onStarted(itemId: string, at: number): void;
  onCounts(counts: PlaybackCounts): void;
}

export class ReplyPlayback {
  /** Undefined until the browser has made it, and when the session is over. */
  player: Player | undefined;
  readonly #options: ReplyPlaybackOptions;
  readonly #tracker = new PlaybackTracker(playbackRateHz);
  readonly #resamplers = new Map<number, ReturnType<typeof createResampler>>();
  #isRefusing = false;
  #isClosed = false;
  #pushed = 0;
  #dropped = 0;
  #counts: PlaybackCounts = { receivedSamples: 0, playedSamples: 0, queuedSamples: 0, gaps: 0 };

  constructor(options: ReplyPlaybackOptions) {
    this.#options = options;
  }

  /** True while something that was received has not been played yet. */
  get isPlaying(): boolean {
    return this.#counts.queuedSamples > 0;
  }

  async open(): Promise<void> {
    const player = await this.#options.open({
      onStarted: this.#options.onStarted,
      onProgress: (progress) => this.#noteProgress(progress),
      onGap: () => this.#count({ gaps: this.#counts.gaps + 1 }),
    });
    // The session may have ended while the browser was making it.
    if (this.#isClosed) player.close();
    else this.player = player;
  }

  replyStarted(): void {
    this.#isRefusing = false;
  }

  replyDone(): void {
    this.#isRefusing = false;
    this.player?.finish();
  }

  audio(event: AudioEvent): void {
    const samples = this.#resampled(fromBase64(event.base64), event.rateHz);
    if (this.#isRefusing || !this.#tracker.receive(event.itemId, event.contentIndex, samples.length)) return;
    this.#options.waveforms.append(event.itemId, peaksOf(samples, (playbackRateHz * blockMs) / 1000));
    if (this.player !== undefined) this.#pushed += samples.length;
    this.player?.push(event.itemId, samples);
    this.#count({ receivedSamples: this.#tracker.totalReceived });
  }

  audioEnd(itemId: string): void {
    this.#tracker.end(itemId);
    this.player?.finish();
  }

  /** Silences the reply at once. `replying`: more of it may still arrive. Resolves with what was cut off. */
  async interrupt(replying: boolean): Promise<Truncation[]> {
    this.#isRefusing = replying;
    this.#tracker.refuseAll();
    const player = this.player;
    if (player === undefined) return [];
    const pushed = this.#pushed;
    const played = await player.flush();
    // The player's progress came before its answer: samples that were pushed until then are either played or dropped.
    this.#dropped = pushed - this.#counts.playedSamples;
    this.#count({});
    return this.#tracker.truncations(played, player.latencyMs);
  }

  close(): void {
    this.#isClosed = true;
    this.player?.close();
    this.player = undefined;
  }

  #noteProgress({ totalPlayed, items }: PlaybackProgress): void {
    for (const { item, playedSamples } of items) {
      this.#options.waveforms.played(item, (playedSamples * 1000) / playbackRateHz);
    }
    this.#count({ playedSamples: totalPlayed });
  }

  #count(change: Partial<PlaybackCounts>): void {
    const next = { ...this.#counts, ...change };
    this.#counts = { ...next, queuedSamples: this.#pushed - this.#dropped - next.playedSamples };
    this.#options.onCounts(this.#counts);
  }

  #resampled(samples: Int16Array, rateHz: number): Int16Array {
    if (rateHz === playbackRateHz) return samples;
    const resampler = this.#resamplers.get(rateHz) ?? createResampler(rateHz, playbackRateHz);
    this.#resamplers.set(rateHz, resampler);
    return resampler.process(samples);
  }
}
