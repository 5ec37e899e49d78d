// Text to speech for the rehearsal provider: a queue in front of a worker thread, and a cache.
// Rule: the event loop never waits for synthesis, and a text is synthesised once.

import { Worker } from 'node:worker_threads';
import { entry } from '../platform/entry.ts';

const CACHE_ENTRIES = 64;

export interface SpeechRequest {
  readonly id: number;
  readonly text: string;
  readonly sampleRateHz: number;
}

export interface SpeechReply {
  readonly id: number;
  /** The audio; undefined when the synthesis failed. */
  readonly samples: Int16Array<ArrayBuffer> | undefined;
}

/** Synthesises texts in a worker thread, which starts with the first text. */
export class Synthesiser {
  readonly #cache = new Map<string, Promise<Int16Array>>();
  readonly #waiting = new Map<number, (samples: Int16Array) => void>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  /** Starts the thread ahead of the first text, so that the text does not wait for it. */
  prepare(): void {
    if (!this.#isClosed) this.#worker ??= this.#start();
  }

  /** The samples of `text`; empty when it cannot be spoken. Never rejects. The array is shared: do not write to it. */
  speak(text: string, sampleRateHz: number): Promise<Int16Array> {
    const key = `${sampleRateHz} ${text}`;
    const known = this.#cache.get(key);
    this.#cache.delete(key);
    const samples = known ?? this.#synthesise(text, sampleRateHz);
    this.#cache.set(key, samples);
    const [oldest = ''] = this.#cache.keys();
    if (this.#cache.size > CACHE_ENTRIES) this.#cache.delete(oldest);
    return samples;
  }

  /** Finishes the texts in progress first: a thread that is stopped in the middle leaves its file behind. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (!worker) return;
    worker.ref();
    await Promise.all(this.#cache.values());
    await worker.terminate();
  }

  #synthesise(text: string, sampleRateHz: number): Promise<Int16Array> {
    if (this.#isClosed) return Promise.resolve(new Int16Array(0));
    return new Promise((resolve) => {
      this.#worker ??= this.#start();
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, resolve);
      const request: SpeechRequest = { id: this.#lastId, text, sampleRateHz };
      this.#worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = new Worker(entry('rehearsal/speech-worker'), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    worker.unref();
    worker.on('message', ({ id, samples }: SpeechReply) => {
      this.#waiting.get(id)?.(samples ?? new Int16Array(0));
      this.#waiting.delete(id);
    });
    worker.on('error', () => {});
    worker.on('exit', () => this.#workerExited());
    return worker;
  }

  /** Answers all waiting texts with silence. The next text starts another worker. */
  #workerExited(): void {
    this.#worker = undefined;
    for (const resolve of this.#waiting.values()) resolve(new Int16Array(0));
    this.#waiting.clear();
    this.#cache.clear();
  }
}
