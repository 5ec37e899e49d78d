// The input audio buffer of OpenAI Realtime: appended audio, the turns found in it, commits by hand.
// Rule: the id that speech_started announces is the id of the item that the turn becomes.

import type { VoiceDetectorFactory } from '../../../../codecs/audio/vad.ts';
import { createId } from '../../random-id.ts';
import { type CallerTurn, TurnDetector, type TurnDetectorSettings, type TurnEvent } from '../../voice/turn-detector.ts';
import { appendedSamples } from '../audio.ts';
import { EventError, type EventSender } from '../events.ts';
import { type RealtimeSession, rateOf, vadSettingsOf } from './session.ts';

/** The least audio that can be committed. */
const MIN_COMMIT_MS = 100;

/** A turn of the caller that becomes an item. */
export interface CommittedTurn extends CallerTurn {
  readonly itemId: string;
  /** True when detection ended the turn, which the provider answers by itself; false when the client committed it. */
  readonly isDetected: boolean;
}

interface InputSetup {
  readonly events: EventSender;
  readonly session: RealtimeSession;
  readonly createDetector: VoiceDetectorFactory;
  readonly keepMs: number;
  readonly speechStarted: () => void;
  readonly committed: (turn: CommittedTurn) => void;
}

/** The input audio buffer of one session. Holds a voice detector: free it. */
export class InputBuffer {
  readonly #setup: InputSetup;
  readonly #turnDetector: TurnDetector;
  #itemId = createId('item_');

  constructor(setup: InputSetup) {
    this.#setup = setup;
    this.#turnDetector = new TurnDetector({ ...setup, settings: turnDetectorSettings(setup.session) });
  }

  /** Milliseconds of audio since the session began. */
  get positionMs(): number {
    return Math.round(this.#turnDetector.positionMs);
  }

  get speaking(): boolean {
    return this.#turnDetector.isSpeaking;
  }

  /** The id that the next committed item will have. */
  get nextItemId(): string {
    return this.#itemId;
  }

  append(audio: unknown): void {
    const samples = appendedSamples(audio, this.#setup.session.audio.input.format);
    this.#turnDetector.configure(turnDetectorSettings(this.#setup.session));
    for (const event of this.#turnDetector.push(samples)) this.#turnEvent(event);
  }

  commit(): void {
    const pendingMs = this.#turnDetector.bufferedMs;
    if (pendingMs < MIN_COMMIT_MS) {
      const message =
        'Error committing input audio buffer: buffer too small. ' +
        `Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${pendingMs.toFixed(2)}ms of audio.`;
      throw new EventError('input_audio_buffer_commit_empty', message);
    }
    this.#commit(this.#turnDetector.takeTurn(), false);
  }

  /** Commits the audio as silence, which the idle timeout does. */
  commitSilence(): void {
    this.#commit({ ...this.#turnDetector.takeTurn(), speechMs: 0 }, true);
  }

  clear(): void {
    this.#turnDetector.reset();
    this.#setup.events.send('input_audio_buffer.cleared');
  }

  free(): void {
    this.#turnDetector.free();
  }

  #turnEvent(event: TurnEvent): void {
    const ids = { item_id: this.#itemId };
    if (event.kind === 'started') {
      const started = { audio_start_ms: Math.round(event.audioMs), ...ids };
      this.#setup.events.send('input_audio_buffer.speech_started', started);
      this.#setup.speechStarted();
      return;
    }
    this.#setup.events.send('input_audio_buffer.speech_stopped', { audio_end_ms: Math.round(event.audioMs), ...ids });
    this.#commit(event.turn, true);
  }

  #commit(turn: CallerTurn, isDetected: boolean): void {
    const itemId = this.#itemId;
    this.#itemId = createId('item_');
    this.#setup.committed({ ...turn, itemId, isDetected });
  }
}

function turnDetectorSettings({ audio }: RealtimeSession): TurnDetectorSettings {
  const { format, turn_detection: detection } = audio.input;
  return { sampleRateHz: rateOf(format), detection: detection ? vadSettingsOf(detection) : undefined };
}
