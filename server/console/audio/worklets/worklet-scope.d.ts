// Declares the global scope of an AudioWorklet, which TypeScript's DOM library leaves out.

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

/** Sample rate of the worklet's context, Hz. */
declare const sampleRate: number;
