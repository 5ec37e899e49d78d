// The scripts of Deepgram's transcription: what was heard is told by its length alone, since no speech is recognised here.

import { randomUUID } from 'node:crypto';
import { parseJson } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import type { Connection } from '../contract.ts';
import type { ProviderScript, ScriptRuntime, VirtualTimer } from '../script-runtime.ts';
import { speechTranscript } from '../voice/reply-text.ts';
import { TurnDetector, type TurnEvent } from '../voice/turn-detector.ts';
import type { SoundFormat } from './encoding.ts';

/** Time that a client may send nothing (document). */
const SILENT_MS = 10_000;
const DETECTION = { mode: 2, prefixPaddingMs: 300, silenceMs: 600 } as const;

/** The words of one version: what is told when speech begins and ends, and of messages of the client. Times are seconds of the stream. */
interface Vocabulary {
  opened?(): readonly object[];
  started(at: number): readonly object[];
  stopped(transcript: string, at: number): readonly object[];
  control(type: string, take: () => string, at: number): readonly object[] | undefined;
  closed(at: number): readonly object[];
}

export class ListenScript implements ProviderScript {
  readonly #runtime: ScriptRuntime;
  readonly #format: SoundFormat;
  readonly #turnDetector: TurnDetector;
  readonly #vocabulary: Vocabulary;
  readonly #transcriptionMs: number;
  #silent: VirtualTimer | undefined;

  constructor(
    runtime: ScriptRuntime,
    { voiceDetector, options }: Connection,
    format: SoundFormat,
    vocabulary: Vocabulary,
  ) {
    this.#runtime = runtime;
    this.#format = format;
    this.#vocabulary = vocabulary;
    this.#transcriptionMs = options.times.transcriptionMs;
    this.#turnDetector = new TurnDetector({
      createDetector: voiceDetector,
      // Nothing is played back.
      keepMs: 0,
      settings: { sampleRateHz: format.sampleRateHz, detection: DETECTION },
    });
  }

  opened(): void {
    this.#send(this.#vocabulary.opened?.() ?? []);
    this.#awaitMessage();
  }

  received({ data, binary }: Frame): void {
    this.#awaitMessage();
    if (binary) for (const event of this.#turnDetector.push(this.#format.decode(data))) this.#turnEvent(event);
    else this.#control(data.toString());
  }

  ended(): void {
    this.#turnDetector.free();
  }

  get #seconds(): number {
    return Math.round(this.#turnDetector.positionMs) / 1000;
  }

  #awaitMessage(): void {
    this.#silent?.cancel();
    this.#silent = this.#runtime.after(SILENT_MS, () =>
      this.#runtime.close(1011, 'NET-0001: no sound and no KeepAlive came in time.'),
    );
  }

  #turnEvent(event: TurnEvent): void {
    if (event.kind === 'started') return void this.#send(this.#vocabulary.started(event.audioMs / 1000));
    const [transcript, at] = [speechTranscript(event.turn.speechMs), this.#seconds];
    this.#runtime.after(this.#transcriptionMs, () => this.#send(this.#vocabulary.stopped(transcript, at)));
  }

  /** The words of what was said and has not ended; '' for none. */
  #take(): string {
    if (!this.#turnDetector.isSpeaking) return '';
    return speechTranscript(this.#turnDetector.takeTurn().speechMs);
  }

  #control(text: string): void {
    const event = parseJson(text) as { readonly type?: unknown } | null | undefined;
    const type = String(event?.type);
    if (type === 'CloseStream') {
      const rest = this.#take();
      if (rest !== '') this.#send(this.#vocabulary.stopped(rest, this.#seconds));
      this.#send(this.#vocabulary.closed(this.#seconds));
      return void this.#runtime.close(1000, '');
    }
    const answers = type === 'KeepAlive' ? [] : this.#vocabulary.control(type, () => this.#take(), this.#seconds);
    if (answers !== undefined) return void this.#send(answers);
    this.#runtime.close(1008, 'DATA-0000: the message is none of this API.');
  }

  #send(events: readonly object[]): void {
    for (const event of events) this.#runtime.send(JSON.stringify(event));
  }
}

/** The words of `/v1/listen`. */
export function novaVocabulary(query: URLSearchParams): Vocabulary {
  const requestId = randomUUID();
  const channel = [0, 1];
  let told = 0;
  const result = (transcript: string, at: number, more: object): object => {
    const [start, duration] = [told, at - told];
    told = at;
    return {
      type: 'Results',
      channel_index: channel,
      start,
      duration,
      is_final: true,
      speech_final: false,
      channel: { alternatives: [{ transcript, confidence: 1, words: [] }] },
      metadata: {
        request_id: requestId,
        model_info: { name: 'rehearsal', version: '1', arch: 'rehearsal' },
        model_uuid: requestId,
      },
      ...more,
    };
  };
  return {
    started: (at) => (query.get('vad_events') === 'true' ? [{ type: 'SpeechStarted', channel, timestamp: at }] : []),
    stopped: (transcript, at) => [
      result(transcript, at, { speech_final: true }),
      ...(query.has('utterance_end_ms') ? [{ type: 'UtteranceEnd', channel, last_word_end: at }] : []),
    ],
    control(type, take, at) {
      if (type === 'Finalize') return [result(take(), at, { from_finalize: true })];
      return type === 'Configure' ? [{ type: 'ConfigureSuccess', request_id: requestId }] : undefined;
    },
    closed: (at) => [
      {
        type: 'Metadata',
        transaction_key: 'deprecated',
        request_id: requestId,
        sha256: '',
        created: new Date(0).toISOString(),
        duration: at,
        channels: 1,
      },
    ],
  };
}

/** The words of `/v2/listen`. */
export function fluxVocabulary(): Vocabulary {
  const requestId = randomUUID();
  let [sequence, turn, beganAt] = [0, 0, 0];
  const numbered = (event: object): object => ({ ...event, request_id: requestId, sequence_id: sequence++ });
  const info = (event: string, transcript: string, at: number, more: object = {}): object =>
    numbered({
      type: 'TurnInfo',
      event,
      turn_index: turn,
      audio_window_start: beganAt,
      audio_window_end: at,
      transcript,
      words: [],
      end_of_turn_confidence: event === 'EndOfTurn' ? 1 : 0,
      ...more,
    });
  const ended = (transcript: string, at: number, trigger: string): object => {
    const event = info('EndOfTurn', transcript, at, { trigger });
    [turn, beganAt] = [turn + 1, at];
    return event;
  };
  return {
    opened: () => [numbered({ type: 'Connected' })],
    started: (at) => [info('StartOfTurn', '', at)],
    stopped: (transcript, at) => [ended(transcript, at, 'model')],
    control(type, take, at) {
      if (type === 'Configure') return [numbered({ type: 'ConfigureSuccess', thresholds: {}, keyterms: [] })];
      if (type !== 'ForceEndTurn') return undefined;
      const transcript = take();
      return transcript === '' ? [] : [ended(transcript, at, 'manual')];
    },
    closed: () => [],
  };
}
