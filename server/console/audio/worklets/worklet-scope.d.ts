// The global scope of an AudioWorklet, which TypeScript's DOM library leaves out.

declare class AudioWorkletProcessor {
  readonly port: MessagePort;
  constructor(options?: AudioWorkletNodeOptions);
}

declare function registerProcessor(
  name: string,
  processor: new (
    options: AudioWorkletNodeOptions,
  ) => AudioWorkletProcessor & { process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean },
): void;

/** Hz of the context that the worklet runs in. */
declare const sampleRate: number;
