// What is used of @echogarden/fvad-wasm, which has no types: libfvad's C functions and the memory of its module.

declare module '@echogarden/fvad-wasm' {
  export interface FvadModule {
    /** Replaced when the memory grows: read anew each time. */
    readonly HEAP16: Int16Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _fvad_new(): number;
    _fvad_free(handle: number): void;
    _fvad_set_mode(handle: number, mode: number): number;
    _fvad_set_sample_rate(handle: number, sampleRateHz: number): number;
    _fvad_process(handle: number, samples: number, count: number): number;
  }
  export default function load(): Promise<FvadModule>;
}
