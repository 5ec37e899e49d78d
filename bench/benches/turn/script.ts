// The script of every caller of the turn benchmark: one sentence and a silence, again and again, as the same appends. The
// provider's own voice detection says beforehand in which append it will notice something, so that nothing has to be asked of
// its clock.

import { readFileSync } from 'node:fs';
import { TurnDetector } from '../../../adapters/simulators/voice/turn-detector.ts';
import type { VadSettings } from '../../../adapters/simulators/voice/voice-activity.ts';
import { pcm16Bytes, pcm16Samples } from '../../../codecs/audio/pcm16.ts';
import { resample } from '../../../codecs/audio/resample.ts';
import { loadVoiceDetectors } from '../../../codecs/audio/vad.ts';
import { encodeBase64 } from '../../../codecs/text/base64.ts';

const RATE_HZ = 24_000;
const APPEND_MS = 40;
const SPEECH_MS = 1200;
/** The provider waits 500 ms to be sure, and answers after 100; the rest of it is audio to be interrupted. */
const SILENCE_MS = 1000;
/** PCM16 at 16 kHz after the 44 bytes of a WAV header. */
const RECORDING = new URL('../../../server/console/public/samples/librivox-0880.wav', import.meta.url);
const RECORDED_HZ = 16_000;
const WAV_HEADER_BYTES = 44;
/** Detection of OpenAI for a session that asks for nothing else. */
const DETECTION: VadSettings = { mode: 2, prefixPaddingMs: 300, silenceMs: 500 };

/** A change that the provider notices when it has read that append (counted from 0), where it says it is in the audio. */
interface ScriptMark {
  readonly append: number;
  readonly audioMs: number;
}

export interface TurnScript {
  readonly appendMs: number;
  /** The messages of one turn. They are said once for each turn. */
  readonly appends: readonly string[];
  /** One for each turn. */
  readonly started: readonly ScriptMark[];
  readonly stopped: readonly ScriptMark[];
}

/** Throws when the recording is not heard as one turn each time. */
export async function writeScript(turns: number): Promise<TurnScript> {
  const pieces = cut(await spoken());
  const createDetector = await loadVoiceDetectors();
  const ear = new TurnDetector({
    createDetector,
    keepMs: 0,
    settings: { sampleRateHz: RATE_HZ, detection: DETECTION },
  });
  const changes = Array.from({ length: turns * pieces.length }, (_, append) =>
    ear
      .push(pieces[append % pieces.length] as Int16Array)
      .map(({ kind, audioMs }) => ({ kind, append, audioMs: Math.round(audioMs) })),
  ).flat();
  ear.free();
  const marks = (kind: string): ScriptMark[] =>
    changes.filter((change) => change.kind === kind).map(({ append, audioMs }) => ({ append, audioMs }));
  const [started, stopped] = [marks('started'), marks('stopped')];
  if (started.length !== turns || stopped.length !== turns) throw new Error('the recording is not heard as one turn');
  const appends = pieces.map((piece) =>
    JSON.stringify({ type: 'input_audio_buffer.append', audio: encodeBase64(pcm16Bytes(piece)) }),
  );
  return { appendMs: APPEND_MS, appends, started, stopped };
}

export const TURN_MS = SPEECH_MS + SILENCE_MS;

async function spoken(): Promise<Int16Array> {
  const samples = pcm16Samples(readFileSync(RECORDING).subarray(WAV_HEADER_BYTES));
  const turn = new Int16Array((RATE_HZ * TURN_MS) / 1000);
  turn.set(resample(samples, RECORDED_HZ, RATE_HZ).subarray(0, (RATE_HZ * SPEECH_MS) / 1000));
  return turn;
}

function cut(turn: Int16Array): Int16Array[] {
  const step = (RATE_HZ * APPEND_MS) / 1000;
  return Array.from({ length: turn.length / step }, (_, at) => turn.slice(at * step, (at + 1) * step));
}
