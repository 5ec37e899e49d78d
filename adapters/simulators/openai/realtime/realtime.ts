// The script of OpenAI Realtime: the client events of one session and what follows from them.
// Rule: every client event is acknowledged or refused as the provider does; only the time limit closes the session.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import type { Frame } from '../../../../codecs/websocket/frame.ts';
import type { Connection } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { ProviderScript, ScriptRuntime, VirtualTimer } from '../../script-runtime.ts';
import {
  EventError,
  type EventHandlers,
  EventSender,
  handleEvent,
  invalidValue,
  missingParameter,
  wholeMinutes,
} from '../events.ts';
import { RealtimeConversation, turnEntry } from './conversation.ts';
import { type CommittedTurn, InputBuffer } from './input.ts';
import { itemHandlers } from './items.ts';
import { type ResponseRequest, readResponseRequest } from './request.ts';
import { RealtimeReply } from './response.ts';
import { createSession, describeSession, type RealtimeSession, updateSession } from './session.ts';
import { transcribe } from './transcription.ts';

export class RealtimeScript implements ProviderScript {
  readonly #events: EventSender;
  readonly #connection: Connection;
  readonly #session: RealtimeSession;
  readonly #conversation: RealtimeConversation;
  readonly #input: InputBuffer;
  readonly #handlers: EventHandlers;
  /** Replies outside of the conversation, which run beside the active one. */
  readonly #outside = new Set<RealtimeReply>();
  #active: RealtimeReply | undefined;
  #isReplyDue = false;
  #idleTimer: VirtualTimer | undefined;
  /** True once audio was sent: the voice can no longer change. */
  #hasSpoken = false;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#events = new EventSender(runtime);
    this.#conversation = new RealtimeConversation(this.#events);
    this.#connection = connection;
    const isTranscription = connection.handshake.query.get('intent') === 'transcription';
    this.#session = createSession({
      id: createId('sess_'),
      type: isTranscription ? 'transcription' : 'realtime',
      model: connection.handshake.query.get('model') ?? '',
      expires_at: Math.floor((connection.startedAtMs + connection.options.sessionCapMs) / 1000),
    });
    this.#input = new InputBuffer({
      events: this.#events,
      session: this.#session,
      createDetector: connection.voiceDetector,
      keepMs: connection.options.playbackMs,
      speechStarted: () => this.#speechStarted(),
      committed: (turn) => this.#committed(turn),
    });
    this.#handlers = new Map([
      ['session.update', (event) => this.#updateSession(event)],
      ['input_audio_buffer.append', (event) => this.#input.append(event.audio)],
      ['input_audio_buffer.commit', () => this.#input.commit()],
      ['input_audio_buffer.clear', () => this.#input.clear()],
      ...itemHandlers({ events: this.#events, session: this.#session, conversation: this.#conversation }),
      ['response.create', (event) => this.#createResponse(event)],
      ['response.cancel', (event) => this.#cancelResponse(event)],
    ]);
  }

  opened(): void {
    this.#events.send('session.created', { session: describeSession(this.#session) });
    this.#events.runtime.after(this.#connection.options.sessionCapMs, () => this.#expire());
  }

  received(frame: Frame): void {
    handleEvent(frame, this.#handlers, (error, event) => this.#events.sendError(error, event.event_id));
  }

  ended(): void {
    this.#input.free();
  }

  #updateSession(event: JsonObject): void {
    if (!isObject(event.session)) throw missingParameter('session');
    updateSession(this.#session, event.session, this.#hasSpoken);
    this.#events.send('session.updated', { session: describeSession(this.#session) });
  }

  #createResponse({ response = {} }: JsonObject): void {
    if (this.#session.type === 'transcription') {
      throw invalidValue('type', 'A transcription session does not create responses.');
    }
    if (!isObject(response)) throw invalidValue('response', "Invalid value for 'response': expected an object.");
    const request = readResponseRequest(response, this.#session, this.#conversation);
    if (request.conversation && this.#active) {
      const message =
        `Conversation already has an active response in progress: ${this.#active.id}. ` +
        'Wait until the response is finished before creating a new one.';
      throw new EventError('conversation_already_has_active_response', message);
    }
    this.#start(request);
  }

  #cancelResponse({ response_id: id }: JsonObject): void {
    const all = [...(this.#active ? [this.#active] : []), ...this.#outside];
    const found = id === undefined || id === null ? this.#active : all.find((reply) => reply.id === id);
    if (!found) throw new EventError('response_cancel_not_active', 'Cancellation failed: no active response found');
    found.cancel('client_cancelled');
  }

  #start(request: ResponseRequest): void {
    this.#idleTimer?.cancel();
    this.#isReplyDue = false;
    if (request.output_modalities[0] === 'audio') this.#hasSpoken = true;
    const reply = new RealtimeReply({
      events: this.#events,
      options: this.#connection.options,
      request,
      done: (ended) => this.#replyDone(ended),
    });
    if (request.conversation) this.#active = reply;
    else this.#outside.add(reply);
  }

  #replyDone(reply: RealtimeReply): void {
    this.#outside.delete(reply);
    if (this.#active !== reply) return;
    this.#active = undefined;
    if (this.#isReplyDue) this.#reply();
    else this.#startIdleTimer(reply.playedAtMs);
  }

  #speechStarted(): void {
    if (this.#session.audio.input.turn_detection?.interrupt_response) {
      this.#isReplyDue = false;
      this.#active?.cancel('turn_detected');
    }
    this.#idleTimer?.cancel();
  }

  #committed(turn: CommittedTurn): void {
    const { itemId, inputMs } = turn;
    const { turn_detection: detection, transcription } = this.#session.audio.input;
    const previous = this.#conversation.entries.at(-1)?.item.id ?? null;
    this.#events.send('input_audio_buffer.committed', { previous_item_id: previous, item_id: itemId });
    const entry = turnEntry(itemId, turn);
    this.#conversation.add(entry);
    this.#conversation.complete(entry);
    const settings = transcription ?? (this.#session.type === 'transcription' ? {} : undefined);
    const { times } = this.#connection.options;
    if (settings) transcribe({ events: this.#events, times, entry, model: settings.model, billedMs: inputMs });
    if (turn.isDetected && detection?.create_response && this.#session.type === 'realtime') this.#reply();
  }

  /** Answers with the settings of the session, now or after the reply in progress. */
  #reply(): void {
    if (this.#active) {
      this.#isReplyDue = true;
      return;
    }
    this.#start(readResponseRequest({}, this.#session, this.#conversation));
  }

  /** Applies `idle_timeout_ms`: when the caller stays silent after a reply was played, the provider speaks again. */
  #startIdleTimer(fromMs: number): void {
    const detection = this.#session.audio.input.turn_detection;
    if (detection?.type !== 'server_vad' || detection.idle_timeout_ms === null || this.#input.speaking) return;
    const startMs = this.#input.positionMs;
    const delayMs = Math.max(0, fromMs - this.#events.runtime.nowMs) + detection.idle_timeout_ms;
    this.#idleTimer = this.#events.runtime.after(delayMs, () => {
      const triggered = {
        audio_start_ms: startMs,
        audio_end_ms: this.#input.positionMs,
        item_id: this.#input.nextItemId,
      };
      this.#events.send('input_audio_buffer.timeout_triggered', triggered);
      this.#input.commitSilence();
    });
  }

  #expire(): void {
    const minutes = wholeMinutes(this.#connection.options.sessionCapMs);
    const message = `Your session hit the maximum duration of ${minutes} minutes.`;
    this.#events.sendError(new EventError('session_expired', message), undefined);
    this.#events.runtime.close(1001, message);
  }
}
