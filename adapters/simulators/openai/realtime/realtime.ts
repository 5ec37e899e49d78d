// The script of OpenAI Realtime: the client events of one session and what follows from them.
// Rule: every client event is acknowledged or refused as the provider does; only the time limit closes the session.

import type { Frame } from '../../../../codecs/frame.ts';
import { isObject, type JsonObject } from '../../../../codecs/json-object.ts';
import type { Connection } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { ProviderScript, ScriptRuntime, VirtualTimer } from '../../script-runtime.ts';
import {
  type ErrorDetails,
  EventSender,
  invalidValue,
  missingParameter,
  readClientEvent,
  wholeMinutes,
} from '../events.ts';
import { RealtimeConversation, turnEntry } from './conversation.ts';
import { type CommittedTurn, InputBuffer } from './input.ts';
import { type EventHandler, itemHandlers } from './items.ts';
import { readResponseRequest } from './request.ts';
import { RealtimeReply, type ResponseRequest } from './response.ts';
import { createSession, describeSession, type RealtimeSession, updateSession } from './session.ts';
import { transcribe } from './transcription.ts';

const NOT_JSON: ErrorDetails = {
  code: 'invalid_json',
  message: 'Could not parse the message: expected a text frame with one JSON object.',
};

export class RealtimeScript implements ProviderScript {
  readonly #events: EventSender;
  readonly #connection: Connection;
  readonly #session: RealtimeSession;
  readonly #conversation = new RealtimeConversation();
  readonly #input: InputBuffer;
  readonly #handlers: Readonly<Record<string, EventHandler>>;
  /** Replies outside of the conversation, which run beside the active one. */
  readonly #outside = new Set<RealtimeReply>();
  #active: RealtimeReply | undefined;
  #isReplyDue = false;
  #idleTimer: VirtualTimer | undefined;
  /** True once audio was sent: the voice can no longer change. */
  #hasSpoken = false;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#events = new EventSender(runtime);
    this.#connection = connection;
    const isTranscription = connection.handshake.query.get('intent') === 'transcription';
    this.#session = createSession({
      id: createId('sess_'),
      type: isTranscription ? 'transcription' : 'realtime',
      model: connection.handshake.query.get('model') ?? '',
      expiresAt: Math.floor((connection.startedAtMs + connection.options.sessionCapMs) / 1000),
    });
    this.#input = new InputBuffer({
      events: this.#events,
      session: this.#session,
      createDetector: connection.voiceDetector,
      keepMs: connection.options.playbackMs,
      listener: { speechStarted: () => this.#speechStarted(), committed: (turn) => this.#committed(turn) },
    });
    this.#handlers = this.#createHandlers();
  }

  opened(): void {
    this.#events.send('session.created', { session: describeSession(this.#session) });
    this.#events.runtime.after(this.#connection.options.sessionCapMs, () => this.#expire());
  }

  received(frame: Frame): void {
    const event = readClientEvent(frame);
    const error = event ? this.#handle(event) : NOT_JSON;
    if (error) this.#events.sendError(error, event?.event_id);
  }

  ended(): void {
    this.#input.free();
  }

  #handle(event: JsonObject): ErrorDetails | undefined {
    if (event.type === undefined) return missingParameter('type');
    const handler = Object.hasOwn(this.#handlers, String(event.type)) ? this.#handlers[String(event.type)] : undefined;
    if (handler) return handler(event);
    const supported = Object.keys(this.#handlers).map((type) => `'${type}'`);
    return invalidValue('type', `Invalid value: '${event.type}'. Supported values are: ${supported.join(', ')}.`);
  }

  #createHandlers(): Readonly<Record<string, EventHandler>> {
    return {
      'session.update': (event) => this.#updateSession(event),
      'input_audio_buffer.append': (event) => this.#input.append(event.audio),
      'input_audio_buffer.commit': () => this.#input.commit(),
      'input_audio_buffer.clear': () => this.#input.clear(),
      ...itemHandlers({ events: this.#events, session: this.#session, conversation: this.#conversation }),
      'response.create': (event) => this.#createResponse(event),
      'response.cancel': (event) => this.#cancelResponse(event),
    };
  }

  #updateSession(event: JsonObject): ErrorDetails | undefined {
    if (!isObject(event.session)) return missingParameter('session');
    const error = updateSession(this.#session, event.session, this.#hasSpoken);
    if (!error) this.#events.send('session.updated', { session: describeSession(this.#session) });
    return error;
  }

  #createResponse(event: JsonObject): ErrorDetails | undefined {
    if (this.#session.type === 'transcription') {
      return invalidValue('type', 'A transcription session does not create responses.');
    }
    const request = readResponseRequest(event.response ?? {}, this.#session, this.#conversation);
    if ('code' in request) return request;
    if (request.conversation && this.#active) {
      const message =
        `Conversation already has an active response in progress: ${this.#active.id}. ` +
        'Wait until the response is finished before creating a new one.';
      return { code: 'conversation_already_has_active_response', message };
    }
    this.#start(request);
    return undefined;
  }

  #cancelResponse(event: JsonObject): ErrorDetails | undefined {
    const all = [...(this.#active ? [this.#active] : []), ...this.#outside];
    const found = event.response_id == null ? this.#active : all.find(({ id }) => id === event.response_id);
    if (!found) {
      return { code: 'response_cancel_not_active', message: 'Cancellation failed: no active response found' };
    }
    found.cancel('client_cancelled');
    return undefined;
  }

  #start(request: ResponseRequest): void {
    this.#idleTimer?.cancel();
    this.#isReplyDue = false;
    if (request.modality === 'audio') this.#hasSpoken = true;
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
    if (this.#session.input.turn_detection?.interrupt_response) {
      this.#isReplyDue = false;
      this.#active?.cancel('turn_detected');
    }
    this.#idleTimer?.cancel();
  }

  #committed(turn: CommittedTurn): void {
    const { itemId, inputMs } = turn;
    const { turn_detection: detection, transcription } = this.#session.input;
    this.#events.send('input_audio_buffer.committed', {
      previous_item_id: this.#conversation.lastId,
      item_id: itemId,
    });
    const entry = turnEntry(itemId, turn);
    const previous = this.#conversation.insert(entry);
    this.#events.send('conversation.item.added', { previous_item_id: previous, item: entry.item });
    this.#events.send('conversation.item.done', { previous_item_id: previous, item: entry.item });
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
    const request = readResponseRequest({}, this.#session, this.#conversation);
    if (!('code' in request)) this.#start(request);
  }

  /** Applies `idle_timeout_ms`: when the caller stays silent after a reply was played, the provider speaks again. */
  #startIdleTimer(fromMs: number): void {
    const detection = this.#session.input.turn_detection;
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
    this.#events.sendError({ code: 'session_expired', message }, undefined);
    this.#events.runtime.close(1001, message);
  }
}
