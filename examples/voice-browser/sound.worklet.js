// Runs where sound is made: takes pieces from the microphone, and plays answers from a queue that knows what was played.

import { PlayQueue } from 'trunkline/client';

const PIECE_MS = 40;
/** Sound in hand before playing begins, so that a late packet tears no gap. */
const START_MS = 50;

class Microphone extends AudioWorkletProcessor {
  #piece = new Int16Array((sampleRate * PIECE_MS) / 1000);
  #filled = 0;

  process([[channel] = []]) {
    for (const value of channel ?? []) {
      this.#piece[this.#filled++] = Math.max(-1, Math.min(1, value)) * 32_767;
      if (this.#filled < this.#piece.length) continue;
      this.port.postMessage(this.#piece.slice());
      this.#filled = 0;
    }
    return true;
  }
}

class Loudspeaker extends AudioWorkletProcessor {
  #queue = new PlayQueue((sampleRate * START_MS) / 1000);

  constructor() {
    super();
    this.port.onmessage = ({ data: { item, samples, does } }) => {
      if (does === 'flush') this.port.postMessage(this.#queue.flush());
      else if (does === 'finish') this.#queue.finish();
      else this.#queue.push(item, samples);
    };
  }

  process(_inputs, [[channel] = []]) {
    if (channel) this.#queue.pull(channel);
    return true;
  }
}

registerProcessor('microphone', Microphone);
registerProcessor('loudspeaker', Loudspeaker);
