// Plays what the page pushes and reports what was played: only this thread knows it to the sample.

import { type ItemPlayed, PlayQueue } from '../../../../client/playback/play-queue.ts';

export type PlaybackCommand =
  | { readonly type: 'push'; readonly item: string; readonly samples: Int16Array }
  | { readonly type: 'finish' }
  | { readonly type: 'flush' };

export type PlaybackReport =
  | { readonly type: 'started'; readonly item: string }
  | { readonly type: 'gap' }
  | { readonly type: 'progress'; readonly totalPlayed: number; readonly items: readonly ItemPlayed[] }
  | { readonly type: 'flushed'; readonly items: readonly ItemPlayed[] };

/** Audio that is queued before playing begins. */
const startMs = 50;
/** Time between two reports of the progress. */
const reportMs = 40;

class PlaybackProcessor extends AudioWorkletProcessor {
  readonly #queue = new PlayQueue((sampleRate * startMs) / 1000);
  #reported = 0;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<PlaybackCommand>) => this.#command(event.data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const channel = outputs[0]?.[0];
    if (channel === undefined) return true;
    const { started, gap } = this.#queue.pull(channel);
    for (const item of started) this.#report({ type: 'started', item });
    if (gap) this.#report({ type: 'gap' });
    const unreported = this.#queue.totalPlayed - this.#reported;
    const drained = unreported > 0 && this.#queue.queuedSamples === 0;
    if (drained || unreported * 1000 >= sampleRate * reportMs) this.#progress();
    return true;
  }

  #command(command: PlaybackCommand): void {
    switch (command.type) {
      case 'push':
        this.#queue.push(command.item, command.samples);
        break;
      case 'finish':
        this.#queue.finish();
        break;
      case 'flush':
        this.#progress();
        this.#report({ type: 'flushed', items: this.#queue.flush() });
        break;
    }
  }

  #progress(): void {
    const { totalPlayed } = this.#queue;
    this.#reported = totalPlayed;
    this.#report({ type: 'progress', totalPlayed, items: this.#queue.itemsPlayed() });
  }

  #report(report: PlaybackReport): void {
    this.port.postMessage(report);
  }
}

registerProcessor('playback', PlaybackProcessor);
