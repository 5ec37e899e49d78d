// The input audio buffer of OpenAI Realtime: appended audio, the turns found in it, commits by hand.
// Rule: in voice detection the buffer before a turn is only its prefix padding; in manual mode it is everything since the commit.

import { decodeBase64 } from '../../codecs/base64.ts';
import { durationMs } from '../../codecs/pcm16.ts';
import type { VoiceDetectorFactory } from '../../codecs/vad.ts';
import { Recording, type SpeechChange, TurnDetector } from '../simulator-hearing.ts';
import { createId } from '../simulator-stage.ts';
import type { Clip } from '../simulator-voice.ts';
import { type Channel, type Failure, invalidValue, missing } from './simulator-channel.ts';
import { decodeAudio } from './simulator-conversation.ts';
import { type AudioFormat, detectionOf, type RealtimeSession, rateOf } from './simulator-session.ts';

/** The provider refuses to commit less. */
const MIN_COMMIT_MS = 100;
/** Kept before a turn, besides its padding: the time that the detector takes to be sure. */
const DETECTION_MS = 260;
/** Silence at the end of a turn that is played back. */
const TAIL_MS = 100;
const SLICE_MS = 20;
/** Most audio of one append, in base64 characters: 15 MiB of it. */
const MAX_APPEND_CHARS = 15 * 1024 * 1024;

/** A turn of the caller that is now in the conversation. */
export interface CommittedTurn {
  readonly itemId: string;
  readonly clip: Clip;
  readonly speechMs: number;
  /** Found by voice detection, not committed by the client. */
  readonly detected: boolean;
}

export interface InputEvents {
  speechStarted(): void;
  committed(turn: CommittedTurn): void;
}

/** One session's input audio buffer. Holds a voice detector: free it. */
export class InputBuffer {
  readonly #channel: Channel;
  readonly #session: RealtimeSession;
  readonly #createDetector: VoiceDetectorFactory;
  readonly #events: InputEvents;
  readonly #keepMs: number;
  #format: AudioFormat;
  #detection = '';
  #recording: Recording;
  #detector: TurnDetector | undefined;
  #positionMs = 0;
  #itemId = createId('item_');

  constructor(setup: {
    channel: Channel;
    session: RealtimeSession;
    createDetector: VoiceDetectorFactory;
    keepMs: number;
    events: InputEvents;
  }) {
    this.#channel = setup.channel;
    this.#session = setup.session;
    this.#createDetector = setup.createDetector;
    this.#events = setup.events;
    this.#keepMs = setup.keepMs;
    this.#format = setup.session.input.format;
    this.#recording = new Recording(rateOf(this.#format), this.#keepMs);
  }

  /** Milliseconds of audio since the session began. */
  get positionMs(): number {
    return Math.round(this.#positionMs);
  }

  get speaking(): boolean {
    return this.#detector?.speaking ?? false;
  }

  append(audio: unknown): Failure | undefined {
    if (audio === undefined) return missing('audio');
    if (typeof audio !== 'string') return invalidValue('audio', "Invalid type for 'audio': expected a string.");
    if (audio.length > MAX_APPEND_CHARS) return invalidValue('audio', 'Audio of one event is limited to 15 MiB.');
    const bytes = decodeBase64(audio);
    if (!bytes) return invalidValue('audio', "Invalid 'audio'. Expected base64-encoded audio bytes.");
    this.#prepare();
    const samples = decodeAudio(bytes, this.#format);
    // A turn may end inside of an event; what follows belongs to the next one.
    const slice = (this.#recording.sampleRateHz * SLICE_MS) / 1000;
    for (let start = 0; start < samples.length; start += slice) this.#hear(samples.subarray(start, start + slice));
    return undefined;
  }

  commit(): Failure | undefined {
    const heardMs = this.#recording.durationMs;
    if (heardMs < MIN_COMMIT_MS) {
      const message =
        'Error committing input audio buffer: buffer too small. ' +
        `Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${heardMs.toFixed(2)}ms of audio.`;
      return { code: 'input_audio_buffer_commit_empty', message };
    }
    this.commitWhatThereIs(false, heardMs);
    return undefined;
  }

  clear(): undefined {
    this.#recording.clear();
    this.#detector?.forget();
    this.#channel.send('input_audio_buffer.cleared');
  }

  /** Commits even nothing, as the idle timeout does. Returns the id of the item. */
  commitWhatThereIs(detected: boolean, speechMs: number): string {
    const itemId = this.#itemId;
    const clip = { samples: this.#recording.samples(), sampleRateHz: this.#recording.sampleRateHz };
    this.#itemId = createId('item_');
    this.#recording.clear();
    this.#detector?.forget();
    this.#events.committed({ itemId, clip, speechMs, detected });
    return itemId;
  }

  /** The id that the next committed item will have. */
  get nextItemId(): string {
    return this.#itemId;
  }

  free(): void {
    this.#detector?.free();
    this.#detector = undefined;
    this.#detection = '';
  }

  /** Takes over what a `session.update` changed, at the first audio after it. */
  #prepare(): void {
    const { format, turn_detection } = this.#session.input;
    const detection = JSON.stringify([format, turn_detection]);
    if (detection === this.#detection) return;
    if (format.type !== this.#format.type) this.#recording = new Recording(rateOf(format), this.#keepMs);
    this.free();
    this.#format = format;
    this.#detection = detection;
    if (!turn_detection) return;
    this.#detector = new TurnDetector({
      detection: detectionOf(turn_detection),
      sampleRateHz: rateOf(format),
      createDetector: this.#createDetector,
      positionMs: this.#positionMs,
    });
  }

  #hear(samples: Int16Array): void {
    this.#positionMs += durationMs(samples.length, this.#recording.sampleRateHz);
    this.#recording.push(samples);
    const detection = this.#session.input.turn_detection;
    if (!this.#detector || !detection) return;
    for (const change of this.#detector.hear(samples)) this.#changed(change);
    if (!this.#detector.speaking) this.#recording.trim(detectionOf(detection).prefixPaddingMs + DETECTION_MS);
  }

  #changed(change: SpeechChange): void {
    if (change.kind === 'started') {
      const started = { audio_start_ms: Math.round(change.audioMs), item_id: this.#itemId };
      this.#channel.send('input_audio_buffer.speech_started', started);
      this.#events.speechStarted();
      return;
    }
    const stopped = { audio_end_ms: Math.round(change.audioMs), item_id: this.#itemId };
    this.#channel.send('input_audio_buffer.speech_stopped', stopped);
    this.commitWhatThereIs(true, change.speechMs);
  }
}

/** The words without the silence that ended the turn. */
export function withoutSilence(clip: Clip, silenceMs: number): Clip {
  const cut = Math.round((Math.max(0, silenceMs - TAIL_MS) * clip.sampleRateHz) / 1000);
  return { ...clip, samples: clip.samples.subarray(0, Math.max(0, clip.samples.length - cut)) };
}
