// Runs where sound is made: takes pieces from the microphone, and plays answers from a queue that knows what was played.

import { PlayQueue } from 'trunkline/client';

const PIECE_MS = 40;
/** Sound in hand before playing begins, so that a late packet tears no gap. */
const START_MS = 50;

class Microphone extends AudioWorkletProcessor {
  #piece;
  #filled = 0;
  /** Samples of the device for one of the piece, which is their mean. */
  #step;
  #sum = 0;
  #weight = 0;

  constructor({ processorOptions: { rateHz } }) {
    super();
    this.#piece = new Int16Array((rateHz * PIECE_MS) / 1000);
    this.#step = sampleRate / rateHz;
  }

  process([[channel] = []]) {
    for (const value of channel ?? []) {
      for (let left = 1; left > 0; ) {
        const part = Math.min(left, this.#step - this.#weight);
        left -= part;
        this.#weight += part;
        this.#sum += value * part;
        if (this.#weight >= this.#step) this.#add();
      }
    }
    return true;
  }

  #add() {
    this.#piece[this.#filled++] = Math.max(-1, Math.min(1, this.#sum / this.#step)) * 32_767;
    this.#weight = this.#sum = 0;
    if (this.#filled < this.#piece.length) return;
    this.port.postMessage(this.#piece.slice());
    this.#filled = 0;
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
