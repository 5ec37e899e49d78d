// The input audio buffer of OpenAI Realtime: appended audio, the turns found in it, commits by hand.
// Rule: the id that speech_started announces is the id of the item that the turn becomes.

import { decodeBase64 } from '../../../../codecs/base64.ts';
import type { VoiceDetectorFactory } from '../../../../codecs/vad.ts';
import { createId } from '../../random-id.ts';
import { type CallerTurn, TurnDetector, type TurnDetectorSettings, type TurnEvent } from '../../voice/turn-detector.ts';
import { type ErrorDetails, type EventSender, invalidValue, missingParameter } from '../events.ts';
import { decodeAudio } from './conversation.ts';
import { type RealtimeSession, rateOf, vadSettingsOf } from './session.ts';

/** The provider refuses to commit less. */
const MIN_COMMIT_MS = 100;
/** Most audio of one append, in base64 characters: 15 MiB of it. */
const MAX_APPEND_CHARS = 15 * 1024 * 1024;

/** A turn of the caller that goes into the conversation. */
export interface CommittedTurn extends CallerTurn {
  readonly itemId: string;
  /** Ended by the provider, which answers by itself; not committed by the client. */
  readonly detected: boolean;
}

/** Who hears of what the input buffer noticed. */
export interface InputEvents {
  speechStarted(): void;
  committed(turn: CommittedTurn): void;
}

/** One session's input audio buffer. Holds a voice detector: free it. */
export class InputBuffer {
  readonly #outlet: EventSender;
  readonly #session: RealtimeSession;
  readonly #events: InputEvents;
  readonly #ear: TurnDetector;
  #itemId = createId('item_');

  constructor(setup: {
    outlet: EventSender;
    session: RealtimeSession;
    createDetector: VoiceDetectorFactory;
    keepMs: number;
    events: InputEvents;
  }) {
    this.#outlet = setup.outlet;
    this.#session = setup.session;
    this.#events = setup.events;
    this.#ear = new TurnDetector({ ...setup, settings: earSettings(setup.session) });
  }

  /** Milliseconds of audio since the session began. */
  get positionMs(): number {
    return Math.round(this.#ear.positionMs);
  }

  get speaking(): boolean {
    return this.#ear.isSpeaking;
  }

  /** The id that the next committed item will have. */
  get nextItemId(): string {
    return this.#itemId;
  }

  append(audio: unknown): ErrorDetails | undefined {
    if (audio === undefined) return missingParameter('audio');
    if (typeof audio !== 'string') return invalidValue('audio', "Invalid type for 'audio': expected a string.");
    if (audio.length > MAX_APPEND_CHARS) return invalidValue('audio', 'Audio of one event is limited to 15 MiB.');
    const bytes = decodeBase64(audio);
    if (!bytes) return invalidValue('audio', "Invalid 'audio'. Expected base64-encoded audio bytes.");
    this.#ear.configure(earSettings(this.#session));
    for (const change of this.#ear.push(decodeAudio(bytes, this.#session.input.format))) this.#changed(change);
    return undefined;
  }

  commit(): ErrorDetails | undefined {
    const pendingMs = this.#ear.bufferedMs;
    if (pendingMs < MIN_COMMIT_MS) {
      const message =
        'Error committing input audio buffer: buffer too small. ' +
        `Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${pendingMs.toFixed(2)}ms of audio.`;
      return { code: 'input_audio_buffer_commit_empty', message };
    }
    this.#commit(this.#ear.takeTurn(), false);
    return undefined;
  }

  /** Commits what nobody took for speech, as the idle timeout does. */
  commitSilence(): void {
    this.#commit({ ...this.#ear.takeTurn(), speechMs: 0 }, true);
  }

  clear(): undefined {
    this.#ear.reset();
    this.#outlet.send('input_audio_buffer.cleared');
  }

  free(): void {
    this.#ear.free();
  }

  #changed(change: TurnEvent): void {
    const ids = { item_id: this.#itemId };
    if (change.kind === 'started') {
      const started = { audio_start_ms: Math.round(change.audioMs), ...ids };
      this.#outlet.send('input_audio_buffer.speech_started', started);
      this.#events.speechStarted();
      return;
    }
    this.#outlet.send('input_audio_buffer.speech_stopped', { audio_end_ms: Math.round(change.audioMs), ...ids });
    this.#commit(change.heard, true);
  }

  #commit(heard: CallerTurn, detected: boolean): void {
    const itemId = this.#itemId;
    this.#itemId = createId('item_');
    this.#events.committed({ ...heard, itemId, detected });
  }
}

function earSettings({ input }: RealtimeSession): TurnDetectorSettings {
  const detection = input.turn_detection ? vadSettingsOf(input.turn_detection) : undefined;
  return { sampleRateHz: rateOf(input.format), detection };
}
