// The rehearsal of the Responses API over a WebSocket: requests in lanes, and what each of them continues.
// Rule: a lane answers one request after the other; lanes do not wait for each other.

import type { Frame } from '../../../../codecs/frame.ts';
import { isObject, type JsonObject } from '../../../../codecs/json-object.ts';
import type { Connection } from '../../contract.ts';
import { createId } from '../../random-id.ts';
import type { ProviderScript, ScriptRuntime } from '../../script-runtime.ts';
import {
  type ErrorDetails,
  invalidValue,
  missingParameter,
  readClientEvent,
  schemaError,
  wholeMinutes,
} from '../events.ts';
import { inputItems, type ResponsesRequest, responsesRequestSchema } from './request.ts';
import { ResponsesRun, type StoredResponse } from './run.ts';

const MAX_STORED = 200;

/** One connection. */
export class ResponsesScript implements ProviderScript {
  readonly #stage: ScriptRuntime;
  readonly #call: Connection;
  /** Requests that wait, by lane; a lane is here as long as it works. */
  readonly #lanes = new Map<string | undefined, ResponsesRequest[]>();
  readonly #answered = new Map<string, StoredResponse>();
  #openedMs = 0;

  constructor(stage: ScriptRuntime, call: Connection) {
    this.#stage = stage;
    this.#call = call;
  }

  opened(): void {
    this.#openedMs = this.#stage.nowMs;
    const { sessionCapMs } = this.#call.options;
    this.#stage.after(sessionCapMs, () => {
      const minutes = wholeMinutes(sessionCapMs);
      const message =
        `Responses websocket connection limit reached (${minutes} minutes). ` +
        'Create a new websocket connection to continue.';
      this.#fail({ code: 'websocket_connection_limit_reached', message }, undefined);
      this.#stage.close(1001, 'websocket_connection_limit_reached');
    });
  }

  received(frame: Frame): void {
    const event = readClientEvent(frame);
    if (!event) {
      this.#fail({ code: 'invalid_json', message: 'Expected a text frame with one JSON object.' }, undefined);
      return;
    }
    const failure = this.#handle(event);
    if (failure) this.#fail(failure, typeof event.stream_id === 'string' ? event.stream_id : undefined);
  }

  ended(): void {}

  #handle(event: JsonObject): ErrorDetails | undefined {
    switch (event.type) {
      case undefined:
        return missingParameter('type');
      case 'response.create':
        return this.#create(event);
      case 'response.steer':
        return this.#steer(event);
      default:
        return invalidValue('type', `Invalid value: '${event.type}'. Supported values are: 'response.create'.`);
    }
  }

  #create(event: JsonObject): ErrorDetails | undefined {
    const parsed = responsesRequestSchema.safeParse(event);
    if (!parsed.success) return schemaError(parsed.error, event, '');
    const request = parsed.data;
    if (request.model === undefined && !isObject(request.prompt)) return missingParameter('model');
    const lane = request.stream_id ?? undefined;
    const waiting = this.#lanes.get(lane);
    if (waiting) {
      waiting.push(request);
      return undefined;
    }
    this.#lanes.set(lane, []);
    this.#run(request, lane);
    return undefined;
  }

  /** The model of a rehearsal is never in the middle of anything that could be steered. */
  #steer(event: JsonObject): ErrorDetails | undefined {
    const { previous_response_id: id, input } = event;
    if (typeof id !== 'string') return missingParameter('previous_response_id');
    const error = {
      type: 'invalid_request_error',
      code: this.#answered.has(id) ? 'response_already_completed' : 'steering_not_supported',
      message: 'The rehearsal provider does not steer responses.',
    };
    const steer = { previous_response_id: id, input };
    this.#stage.send(JSON.stringify({ type: 'response.steer.failed', sequence_number: 0, steer, error }));
    return undefined;
  }

  #run(request: ResponsesRequest, lane: string | undefined): void {
    const previousId = request.previous_response_id ?? undefined;
    const previous = previousId === undefined ? undefined : this.#answered.get(previousId);
    if (previousId !== undefined && !previous) {
      const message = `Previous response with id '${previousId}' not found.`;
      this.#fail({ code: 'previous_response_not_found', message, param: 'previous_response_id' }, lane);
      this.#next(lane);
      return;
    }
    const context = [...(previous?.context ?? []), ...inputItems(request.input)];
    const run = new ResponsesRun({
      id: createId('resp_', 48),
      stage: this.#stage,
      times: this.#call.options.times,
      createdAtS: Math.floor((this.#call.startedAtMs + this.#stage.nowMs - this.#openedMs) / 1000),
      request,
      lane,
      context,
      cachedTokens: previous?.tokens ?? 0,
      completed: (answered) => this.#completed(answered, lane),
    });
    run.start();
  }

  #completed(answered: StoredResponse, lane: string | undefined): void {
    this.#answered.set(answered.id, answered);
    for (const oldest of this.#answered.keys()) {
      if (this.#answered.size <= MAX_STORED) break;
      this.#answered.delete(oldest);
    }
    this.#next(lane);
  }

  #next(lane: string | undefined): void {
    const request = this.#lanes.get(lane)?.shift();
    if (request) this.#run(request, lane);
    else this.#lanes.delete(lane);
  }

  #fail({ code, message, param }: ErrorDetails, lane: string | undefined): void {
    const error = { type: 'invalid_request_error', code, message, param: param ?? null };
    this.#stage.send(JSON.stringify({ type: 'error', status: 400, error, ...(lane ? { stream_id: lane } : {}) }));
  }
}
