// The script of OpenAI Realtime Translation: whatever is said is said again, a sentence after the other, without turns.
// Rule: nothing is translated; the reply says what was heard, in the words of the rehearsal. A close waits for what is still to be said.

import { z } from 'zod';
import { pcm16Bytes } from '../../../../codecs/audio/pcm16.ts';
import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import { encodeBase64 } from '../../../../codecs/text/base64.ts';
import type { Frame } from '../../../../codecs/websocket/frame.ts';
import type { Connection } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { ProviderScript, ScriptRuntime } from '../../script-runtime.ts';
import { type ReplyPrompt, replyText, speechTranscript, textPieces } from '../../voice/reply-text.ts';
import { startTogether, streamText, streamVoice } from '../../voice/streams.ts';
import { type CallerTurn, TurnDetector } from '../../voice/turn-detector.ts';
import { appendedSamples } from '../audio.ts';
import {
  EventError,
  type EventHandlers,
  EventSender,
  handleEvent,
  missingParameter,
  parseGiven,
  wholeMinutes,
} from '../events.ts';

const RATE_HZ = 24_000;
/** The model hears in frames of this length. */
const FRAME_MS = 200;

const audioSchema = z.strictObject({
  input: z
    .strictObject({
      noise_reduction: z.looseObject({ type: z.enum(['near_field', 'far_field']) }).nullish(),
      transcription: z.looseObject({ model: z.string() }).nullish(),
    })
    .optional(),
  output: z.strictObject({ language: z.string().min(1).optional() }).optional(),
});
const updateSchema = z.strictObject({ type: z.literal('translation').optional(), audio: audioSchema.optional() });

export class TranslationScript implements ProviderScript {
  readonly #events: EventSender;
  readonly #connection: Connection;
  readonly #detector: TurnDetector;
  readonly #id = createId('sess_');
  readonly #handlers: EventHandlers = new Map<string, (event: JsonObject) => void>([
    ['session.update', (event) => this.#update(event)],
    ['session.input_audio_buffer.append', (event) => this.#hear(event)],
    ['session.close', () => this.#close()],
  ]);
  #audio: z.infer<typeof audioSchema> = {};
  /** Utterances that are still to be said again; the first is being said. */
  readonly #waiting: CallerTurn[] = [];
  #isClosing = false;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#events = new EventSender(runtime);
    this.#connection = connection;
    const settings = { sampleRateHz: RATE_HZ, detection: { mode: 2, prefixPaddingMs: 300, silenceMs: 500 } } as const;
    const { voiceDetector: createDetector, options } = connection;
    this.#detector = new TurnDetector({ createDetector, keepMs: options.playbackMs, settings });
  }

  opened(): void {
    const { sessionCapMs } = this.#connection.options;
    this.#events.send('session.created', { session: this.#describe() });
    this.#events.runtime.after(sessionCapMs, () => {
      const message = `Your session hit the maximum duration of ${wholeMinutes(sessionCapMs)} minutes.`;
      this.#events.sendError(new EventError('session_expired', message), undefined);
      this.#events.runtime.close(1001, message);
    });
  }

  received(frame: Frame): void {
    handleEvent(frame, this.#handlers, (error, event) => this.#events.sendError(error, event.event_id));
  }

  ended(): void {
    this.#detector.free();
  }

  #update({ session }: JsonObject): void {
    if (!isObject(session)) throw missingParameter('session');
    const { audio } = parseGiven(updateSchema, session, 'session');
    const { input, output } = this.#audio;
    this.#audio = { input: { ...input, ...audio?.input }, output: { ...output, ...audio?.output } };
    this.#events.send('session.updated', { session: this.#describe() });
  }

  #describe(): JsonObject {
    const { handshake, options, startedAtMs } = this.#connection;
    const expires_at = Math.floor((startedAtMs + options.sessionCapMs) / 1000);
    return { id: this.#id, type: 'translation', model: handshake.query.get('model'), expires_at, audio: this.#audio };
  }

  #hear({ audio }: JsonObject): void {
    if (this.#isClosing) throw new EventError('session_closing', 'The session is closing, and hears nothing more.');
    for (const event of this.#detector.push(appendedSamples(audio, { type: 'audio/pcm' })))
      if (event.kind === 'stopped') this.#translate(event.turn);
  }

  #close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#detector.isSpeaking) this.#translate(this.#detector.takeTurn());
    this.#endIfSaid();
  }

  #translate(turn: CallerTurn): void {
    this.#waiting.push(turn);
    if (this.#waiting.length === 1) this.#sayNext();
  }

  #sayNext(): void {
    const [turn] = this.#waiting;
    if (turn === undefined) {
      this.#endIfSaid();
      return;
    }
    const { runtime } = this.#events;
    const { times } = this.#connection.options;
    const elapsed_ms = Math.floor(this.#detector.positionMs / FRAME_MS) * FRAME_MS;
    const prompt: ReplyPrompt = { kind: 'speech', speechMs: turn.speechMs, playback: turn.clip };
    const words = (type: string, text: string) =>
      streamText({
        ...{ runtime, tokenMs: times.tokenMs, pieces: textPieces(text) },
        send: (delta) => this.#events.send(type, { delta, elapsed_ms }),
      });
    const heard = this.#audio.input?.transcription ? [speechTranscript(turn.speechMs)] : [];
    const voice = streamVoice({
      ...{ runtime, times, prompt, sampleRateHz: RATE_HZ },
      send: (samples) => {
        const sound = { format: 'pcm16', sample_rate: RATE_HZ, channels: 1 };
        const delta = encodeBase64(pcm16Bytes(samples));
        this.#events.send('session.output_audio.delta', { delta, ...sound, elapsed_ms });
      },
    });
    const streams = [
      ...heard.map((text) => words('session.input_transcript.delta', text)),
      words('session.output_transcript.delta', replyText(prompt)),
      voice,
    ];
    runtime.after(times.firstAudioMs, () =>
      startTogether(streams, () => {
        this.#waiting.shift();
        this.#sayNext();
      }),
    );
  }

  #endIfSaid(): void {
    if (!this.#isClosing || this.#waiting.length > 0) return;
    this.#events.send('session.closed');
    this.#events.runtime.close(1000, '');
  }
}
