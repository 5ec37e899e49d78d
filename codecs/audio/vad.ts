// Voice activity detection on 20 ms frames of 16 kHz PCM16 (libfvad, the detector of WebRTC).
// Rule: a detector must be freed by its creator, since its state lives in the memory of the wasm module.

import loadFvad, { type FvadModule } from '@echogarden/fvad-wasm';

/** The rate of the signal that a detector takes. */
export const VAD_RATE_HZ = 16_000;
export const VAD_FRAME_SAMPLES = 320;
export const VAD_FRAME_MS = 20;

/** The aggressiveness of the detector: 0 takes the most frames for speech, 3 the fewest. */
export type VadMode = 0 | 1 | 2 | 3;

export interface VoiceDetector {
  /** True when this frame of {@link VAD_FRAME_SAMPLES} samples is speech. @throws RangeError for another length. */
  isVoice(frame: Int16Array): boolean;
  /** Frees the memory. May be called again. */
  free(): void;
}

/** Creates a detector. The wasm module is loaded. */
export type VoiceDetectorFactory = (mode: VadMode) => VoiceDetector;

let loading: Promise<FvadModule> | undefined;

/** Loads the wasm module of the detector, once per process. */
export async function loadVoiceDetectors(): Promise<VoiceDetectorFactory> {
  loading ??= loadFvad();
  const module = await loading;
  return (mode) => createDetector(module, mode);
}

function createDetector(module: FvadModule, mode: VadMode): VoiceDetector {
  const handle = module._fvad_new();
  module._fvad_set_mode(handle, mode);
  module._fvad_set_sample_rate(handle, VAD_RATE_HZ);
  const pointer = module._malloc(VAD_FRAME_SAMPLES * 2);
  let isFreed = false;
  return {
    isVoice(frame) {
      if (frame.length !== VAD_FRAME_SAMPLES) throw new RangeError(`a frame of ${frame.length} samples, not 320`);
      if (isFreed) throw new Error('the detector was freed');
      module.HEAP16.set(frame, pointer >> 1);
      return module._fvad_process(handle, pointer, VAD_FRAME_SAMPLES) === 1;
    },
    free() {
      if (isFreed) return;
      isFreed = true;
      module._free(pointer);
      module._fvad_free(handle);
    },
  };
}
