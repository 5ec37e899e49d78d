// Types for @echogarden/fvad-wasm, which has none: the C functions of libfvad and the memory of the module.

declare module '@echogarden/fvad-wasm' {
  export interface FvadModule {
    /** A view that is replaced when the memory grows: read it anew each time. */
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
