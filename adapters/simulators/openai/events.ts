// Events of OpenAI connections: reading a client's, sending a server's, and errors in the provider's shape.
// Rule: a client's mistake is thrown where it is found, answered in one place, and leaves the session open.

import type { z } from 'zod';
import { isObject, type JsonObject, parseJson, valueAt } from '../../../codecs/json/object.ts';
import type { Frame } from '../../../codecs/websocket/frame.ts';
import { createId } from '../random-id.ts';
import type { ScriptRuntime } from '../script-runtime.ts';

/** A mistake in a client event, or the end of the connection, as an `error` event tells of it. */
export class EventError extends Error {
  readonly code: string;
  readonly param: string | null;

  constructor(code: string, message: string, param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

export function missingParameter(param: string): EventError {
  return new EventError('missing_required_parameter', `Missing required parameter: '${param}'.`, param);
}

export function invalidValue(param: string, message: string): EventError {
  return new EventError('invalid_value', message, param);
}

export class EventSender {
  readonly runtime: ScriptRuntime;

  constructor(runtime: ScriptRuntime) {
    this.runtime = runtime;
  }

  send(type: string, fields: JsonObject = {}): void {
    this.runtime.send(JSON.stringify({ type, event_id: createId('event_'), ...fields }));
  }

  /** Sends an `error` event. `eventId`: the id that the client gave its event. */
  sendError({ code, message, param }: EventError, eventId: unknown): void {
    const clientId = typeof eventId === 'string' ? eventId : null;
    this.send('error', { error: { type: 'invalid_request_error', code, message, param, event_id: clientId } });
  }
}

/** Handlers by type of event. @throws EventError for an invalid event. */
export type EventHandlers = ReadonlyMap<string, (event: JsonObject) => void>;

/** Handles the event in a client's frame. `refuse` gets the mistake that was thrown, and the event where there is one. */
export function handleEvent(
  frame: Frame,
  handlers: EventHandlers,
  refuse: (error: EventError, event: JsonObject) => void,
): void {
  const event = frame.binary ? undefined : parseJson(frame.data.toString());
  try {
    if (!isObject(event)) throw new EventError('invalid_json', 'Expected a text frame with one JSON object.');
    if (event.type === undefined) throw missingParameter('type');
    const handle = handlers.get(String(event.type));
    const supported = [...handlers.keys()].map((type) => `'${type}'`).join(', ');
    if (!handle) throw invalidValue('type', `Invalid value: '${event.type}'. Supported values are: ${supported}.`);
    handle(event);
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    refuse(error, isObject(event) ? event : {});
  }
}

/** The length of a session in the minutes that error messages name. */
export function wholeMinutes(ms: number): number {
  return Math.ceil(ms / 60_000);
}

/** Parses a part of an event. `name`: what the client calls it; '' for the event itself. @throws EventError for the first issue. */
export function parseGiven<Schema extends z.ZodType>(schema: Schema, given: unknown, name: string): z.infer<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const param = [...(name ? [name] : []), ...path].join('.').replace(/\.(\d+)/g, '[$1]');
  if (issue?.code === 'unrecognized_keys') {
    const unknown = [...(param ? [param] : []), issue.keys[0]].join('.');
    throw new EventError('unknown_parameter', `Unknown parameter: '${unknown}'.`, unknown);
  }
  if (valueAt(given, path) === undefined) throw missingParameter(param);
  if (issue?.code !== 'invalid_type') throw invalidValue(param, `Invalid value for '${param}': ${issue?.message}.`);
  throw new EventError('invalid_type', `Invalid type for '${param}': expected ${issue.expected}.`, param);
}
