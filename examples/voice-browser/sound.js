// The sound of the page: one context with the microphone and the loudspeaker, at the rate of the model.

import workletUrl from './sound.worklet.js?worker&url';

export const RATE_HZ = 24_000;

/** Must be called in a user's gesture, or the browser plays nothing. `onPiece`: 40 ms of the microphone, as 16-bit samples. */
export async function openSound(onPiece) {
  // Without echo cancellation the answer would interrupt itself.
  const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  const context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: 'interactive' });
  await Promise.all([context.resume(), context.audioWorklet.addModule(workletUrl)]);
  const microphone = new AudioWorkletNode(context, 'microphone', { numberOfOutputs: 0 });
  const loudspeaker = new AudioWorkletNode(context, 'loudspeaker', { numberOfInputs: 0, outputChannelCount: [1] });
  microphone.port.onmessage = ({ data }) => onPiece(data);
  context.createMediaStreamSource(stream).connect(microphone);
  loudspeaker.connect(context.destination);
  return {
    latencyMs: () => context.outputLatency * 1000,
    play: (item, samples) => loudspeaker.port.postMessage({ item, samples }),
    finish: () => loudspeaker.port.postMessage({ does: 'finish' }),
    /** Stops what is playing, and resolves with how much of each item was played. */
    flush: () =>
      new Promise((resolve) => {
        loudspeaker.port.onmessage = ({ data }) => resolve(data);
        loudspeaker.port.postMessage({ does: 'flush' });
      }),
    close() {
      for (const track of stream.getTracks()) track.stop();
      void context.close();
    },
  };
}

export function base64Of(samples) {
  return btoa(String.fromCharCode(...new Uint8Array(samples.buffer)));
}

export function samplesOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
}
