// Reads the sample recordings: RIFF WAVE, PCM, 16 bit, mono.

export interface WavRecording {
  readonly rateHz: number;
  readonly samples: Int16Array;
}

/** Reads a file. Throws with a sentence when it is anything else. */
export function readWav(file: ArrayBuffer): WavRecording {
  const view = new DataView(file);
  if (file.byteLength < 12 || tagAt(view, 0) !== 'RIFF' || tagAt(view, 8) !== 'WAVE') throw new Error('not a WAV file');
  let rateHz = 0;
  for (let at = 12; at + 8 <= file.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const body = at + 8;
    if (tagAt(view, at) === 'fmt ') rateHz = readFormat(view, body);
    if (tagAt(view, at) === 'data') {
      if (rateHz === 0) throw new Error('the WAV file has no format before its samples');
      const end = Math.min(file.byteLength, body + size);
      return { rateHz, samples: new Int16Array(file.slice(body, end - ((end - body) % 2))) };
    }
    at = body + size + (size % 2);
  }
  throw new Error('the WAV file has no samples');
}

function readFormat(view: DataView, at: number): number {
  const [kind, channels, bits] = [
    view.getUint16(at, true),
    view.getUint16(at + 2, true),
    view.getUint16(at + 14, true),
  ];
  if (kind !== 1 || channels !== 1 || bits !== 16) throw new Error('expected a WAV file of 16-bit mono PCM');
  return view.getUint32(at + 4, true);
}

function tagAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
