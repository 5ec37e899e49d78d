// The recordings that come with the page, decoded by the browser.

import { toInt16 } from './pcm.ts';

/** 16-bit samples, mono. */
export interface Recording {
  readonly rateHz: number;
  readonly samples: Int16Array;
}

const rateHz = 16_000;

/** Throws when the gateway does not send the file, or when the browser cannot decode it. */
export async function loadRecording(name: string): Promise<Recording> {
  const response = await fetch(`/samples/${encodeURIComponent(name)}`);
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  const sound = await new OfflineAudioContext(1, 1, rateHz).decodeAudioData(await response.arrayBuffer());
  return { rateHz, samples: toInt16(sound.getChannelData(0)) };
}
