// Opens the microphone: permission, device, and chunks of 16-bit PCM at the dialect's rate.

import { wake } from './wake.ts';
import type { CaptureOptions } from './worklets/capture.worklet.ts';
import captureUrl from './worklets/capture.worklet.ts?worker&url';

export interface MicrophoneOptions {
  /** Empty for the browser's default. */
  readonly deviceId: string;
  readonly rateHz: number;
  onChunk(samples: Int16Array): void;
  /** Called when the device goes away. */
  onEnded(): void;
}

export interface Microphone {
  close(): void;
}

/**
 * Throws what `getUserMedia` throws, or NoSound where audio does not run. Echo cancellation is on, or a loudspeaker would interrupt every reply; gain control
 * is off, since it lifts the noise of a silent room until a provider takes it for speech (to -47 dBFS in Chromium).
 */
export async function openMicrophone(options: MicrophoneOptions): Promise<Microphone> {
  const { deviceId } = options;
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: {
      channelCount: 1,
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: false,
      ...(deviceId === '' ? {} : { deviceId: { exact: deviceId } }),
    },
  });
  const [track] = stream.getAudioTracks();
  try {
    const context = await capture(stream, options);
    // A track that is stopped by the page does not say that it ended.
    track?.addEventListener('ended', options.onEnded);
    return {
      close() {
        track?.stop();
        void context.close();
      },
    };
  } catch (cause) {
    track?.stop();
    throw cause;
  }
}

async function capture(stream: MediaStream, options: MicrophoneOptions): Promise<AudioContext> {
  const { context, source } = await connect(stream, options.rateHz);
  try {
    await Promise.all([wake(context), context.audioWorklet.addModule(captureUrl)]);
  } catch (cause) {
    void context.close();
    throw cause;
  }
  const processorOptions: CaptureOptions = { rateHz: options.rateHz };
  const node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0, channelCount: 1, processorOptions });
  node.port.onmessage = (event: MessageEvent<ArrayBuffer>) => options.onChunk(new Int16Array(event.data));
  source.connect(node);
  return context;
}

/** Connects the stream to a context of that rate. Browsers that refuse another rate than the device's get its own: the worklet resamples. */
async function connect(stream: MediaStream, rateHz: number) {
  const context = new AudioContext({ sampleRate: rateHz });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    await context.close();
    const native = new AudioContext();
    return { context: native, source: native.createMediaStreamSource(stream) };
  }
}

export interface Device {
  readonly id: string;
  readonly label: string;
}

/** Microphones that the browser lists; its labels are empty until the microphone was allowed once. */
export async function listMicrophones(): Promise<Device[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter(({ kind, deviceId }) => kind === 'audioinput' && deviceId !== '' && deviceId !== 'default')
    .map(({ deviceId, label }, index) => ({ id: deviceId, label: label || `Microphone ${index + 1}` }));
}
