// The sound of the page: the microphone and the loudspeaker, both at the rate of the model.

import workletUrl from './sound.worklet.js?worker&url';

export const RATE_HZ = 24_000;
/** A machine without a loudspeaker keeps its sound suspended, and browsers do not say so. */
const WAKE_MS = 3000;

/** Must be called in a user's gesture, or the browser plays nothing. `onPiece`: 40 ms of the microphone, as 16-bit samples. */
export async function openSound(onPiece) {
  // Without echo cancellation the answer would interrupt itself.
  const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  const { context: input, source } = connect(stream);
  const output = new AudioContext({ sampleRate: RATE_HZ, latencyHint: 'interactive' });
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    for (const context of [input, output]) void context.close();
  };
  try {
    await Promise.all([input, output].map(wake));
  } catch (error) {
    close();
    throw error;
  }
  const microphone = new AudioWorkletNode(input, 'microphone', {
    ...{ numberOfOutputs: 0, channelCount: 1, processorOptions: { rateHz: RATE_HZ } },
  });
  const loudspeaker = new AudioWorkletNode(output, 'loudspeaker', { numberOfInputs: 0, outputChannelCount: [1] });
  microphone.port.onmessage = ({ data }) => onPiece(data);
  source.connect(microphone);
  loudspeaker.connect(output.destination);
  return {
    latencyMs: () => output.outputLatency * 1000,
    play: (item, samples) => loudspeaker.port.postMessage({ item, samples }),
    finish: () => loudspeaker.port.postMessage({ does: 'finish' }),
    /** Stops what is playing, and resolves with how much of each item was played. */
    flush: () =>
      new Promise((resolve) => {
        loudspeaker.port.onmessage = ({ data }) => resolve(data);
        loudspeaker.port.postMessage({ does: 'flush' });
      }),
    close,
  };
}

/** Many a Firefox connects a microphone to a context of its own rate alone; the worklet makes RATE_HZ of any. */
function connect(stream) {
  const context = new AudioContext({ sampleRate: RATE_HZ });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    void context.close();
    const native = new AudioContext();
    return { context: native, source: native.createMediaStreamSource(stream) };
  }
}

async function wake(context) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('The browser found no output for sound.')), WAKE_MS);
  });
  await Promise.all([Promise.race([context.resume(), late]), context.audioWorklet.addModule(workletUrl)]);
}

export function base64Of(samples) {
  return btoa(String.fromCharCode(...new Uint8Array(samples.buffer)));
}

export function samplesOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
}
