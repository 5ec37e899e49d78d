// The script of the Responses API over a WebSocket: requests by stream, and the responses that they continue.
// Rule: a stream answers one request after the other; streams do not wait for each other.

import { isObject, type JsonObject } from '../../../../codecs/json/object.ts';
import type { Frame } from '../../../../codecs/websocket/frame.ts';
import type { Connection } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { ProviderScript, ScriptRuntime } from '../../script-runtime.ts';
import { EventError, type EventHandlers, handleEvent, missingParameter, parseGiven, wholeMinutes } from '../events.ts';
import { inputItems, type ResponsesItem, type ResponsesRequest, responsesRequestSchema } from './request.ts';
import { ResponsesRun, type StoredResponse } from './run.ts';

const MAX_STORED = 200;

export class ResponsesScript implements ProviderScript {
  readonly #runtime: ScriptRuntime;
  readonly #connection: Connection;
  /** Waiting requests by `stream_id`. A stream is listed while it works. */
  readonly #streams = new Map<string | undefined, ResponsesRequest[]>();
  readonly #stored = new Map<string, StoredResponse>();
  readonly #handlers: EventHandlers = new Map([
    ['response.create', (event) => this.#create(event)],
    ['response.steer', (event) => this.#steer(event)],
  ]);
  #openedMs = 0;

  constructor(runtime: ScriptRuntime, connection: Connection) {
    this.#runtime = runtime;
    this.#connection = connection;
  }

  opened(): void {
    this.#openedMs = this.#runtime.nowMs;
    const { sessionCapMs } = this.#connection.options;
    this.#runtime.after(sessionCapMs, () => {
      const minutes = wholeMinutes(sessionCapMs);
      const message =
        `Responses websocket connection limit reached (${minutes} minutes). ` +
        'Create a new websocket connection to continue.';
      this.#sendError(new EventError('websocket_connection_limit_reached', message), undefined);
      this.#runtime.close(1001, 'websocket_connection_limit_reached');
    });
  }

  received(frame: Frame): void {
    handleEvent(frame, this.#handlers, (error, event) => this.#sendError(error, event.stream_id));
  }

  ended(): void {}

  #create(event: JsonObject): void {
    const request = parseGiven(responsesRequestSchema, event, '');
    if (request.model === undefined && !isObject(request.prompt)) throw missingParameter('model');
    const streamId = request.stream_id ?? undefined;
    const waiting = this.#streams.get(streamId);
    if (waiting) {
      waiting.push(request);
      return;
    }
    this.#streams.set(streamId, []);
    this.#run(request, streamId);
  }

  /** Refuses to steer: a response of a rehearsal is never in the middle of anything. */
  #steer({ previous_response_id: id, input }: JsonObject): void {
    if (typeof id !== 'string') throw missingParameter('previous_response_id');
    const error = {
      type: 'invalid_request_error',
      code: this.#stored.has(id) ? 'response_already_completed' : 'steering_not_supported',
      message: 'The rehearsal provider does not steer responses.',
    };
    const steer = { previous_response_id: id, input };
    this.#runtime.send(JSON.stringify({ type: 'response.steer.failed', sequence_number: 0, steer, error }));
  }

  #run(request: ResponsesRequest, streamId: string | undefined): void {
    const previousId = request.previous_response_id ?? undefined;
    const previous = previousId === undefined ? undefined : this.#stored.get(previousId);
    const context = [...(previous?.context ?? []), ...inputItems(request.input)];
    const error = previousId !== undefined && !previous ? notFound(previousId) : strayOutput(context);
    if (error) {
      // A failed turn takes a response that is not stored out of the cache of its connection.
      if (previous?.isStored === false) this.#stored.delete(previous.id);
      this.#sendError(error, streamId);
      this.#next(streamId);
      return;
    }
    const run = new ResponsesRun({
      id: createId('resp_', 48),
      runtime: this.#runtime,
      times: this.#connection.options.times,
      createdAtS: Math.floor((this.#connection.startedAtMs + this.#runtime.nowMs - this.#openedMs) / 1000),
      request,
      streamId,
      send: (event) => this.#runtime.send(JSON.stringify(event)),
      context,
      cachedTokens: previous?.tokens ?? 0,
      completed: (response) => this.#completed(response, streamId),
    });
    run.start();
  }

  #completed(response: StoredResponse, streamId: string | undefined): void {
    this.#stored.set(response.id, response);
    const [oldest = ''] = this.#stored.keys();
    if (this.#stored.size > MAX_STORED) this.#stored.delete(oldest);
    this.#next(streamId);
  }

  #next(streamId: string | undefined): void {
    const request = this.#streams.get(streamId)?.shift();
    if (request) this.#run(request, streamId);
    else this.#streams.delete(streamId);
  }

  #sendError({ code, message, param }: EventError, streamId: unknown): void {
    const error = { type: 'invalid_request_error', code, message, param };
    const stream = typeof streamId === 'string' ? { stream_id: streamId } : {};
    this.#runtime.send(JSON.stringify({ type: 'error', status: 400, error, ...stream }));
  }
}

const notFound = (id: string): EventError =>
  new EventError('previous_response_not_found', `Previous response with id '${id}' not found.`, 'previous_response_id');

/** Error for an output of a function that nothing called. */
function strayOutput(context: readonly ResponsesItem[]): EventError | undefined {
  const called = new Set(context.flatMap(({ type, call_id: id }) => (type === 'function_call' ? [id] : [])));
  const stray = context.find(({ type, call_id: id }) => type === 'function_call_output' && !called.has(id));
  const message = `No tool call found for function call output with call_id ${stray?.call_id}.`;
  return stray && new EventError('invalid_function_call_output', message, 'input');
}
