// Events of OpenAI connections: reading a client's, sending a server's, and errors in the provider's shape.
// Rule: a client's mistake is a value, and leaves the session open.

import type { z } from 'zod';
import type { Frame } from '../../../codecs/frame.ts';
import { isObject, type JsonObject, parseJson, valueAt } from '../../../codecs/json-object.ts';
import { createId } from '../random-id.ts';
import type { ScriptRuntime } from '../script-runtime.ts';

/** The `error` of an `error` event: a mistake in a client event. */
export interface ErrorDetails {
  readonly code: string;
  readonly message: string;
  readonly param?: string | undefined;
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
  sendError({ code, message, param }: ErrorDetails, eventId: unknown): void {
    const error = {
      type: 'invalid_request_error',
      code,
      message,
      param: param ?? null,
      event_id: typeof eventId === 'string' ? eventId : null,
    };
    this.send('error', { error });
  }
}

/** The event in a client's frame; undefined when it is not one JSON object. */
export function readClientEvent(frame: Frame): JsonObject | undefined {
  const event = frame.binary ? undefined : parseJson(frame.data.toString());
  return isObject(event) ? event : undefined;
}

/** The length of a session in the minutes that error messages name. */
export function wholeMinutes(ms: number): number {
  return Math.ceil(ms / 60_000);
}

export function missingParameter(param: string): ErrorDetails {
  return { code: 'missing_required_parameter', message: `Missing required parameter: '${param}'.`, param };
}

export function invalidValue(param: string, message: string): ErrorDetails {
  return { code: 'invalid_value', message, param };
}

/** The first issue of a failed parse of `given`. `name`: what the client calls it; '' for the event itself. */
export function schemaError(error: z.ZodError, given: unknown, name: string): ErrorDetails {
  const issue = error.issues[0];
  const path = issue?.path ?? [];
  const param = [...(name ? [name] : []), ...path].join('.').replace(/\.(\d+)/g, '[$1]');
  if (issue?.code === 'unrecognized_keys') {
    const unknown = `${param}.${issue.keys[0]}`;
    return { code: 'unknown_parameter', message: `Unknown parameter: '${unknown}'.`, param: unknown };
  }
  if (valueAt(given, path) === undefined) return missingParameter(param);
  if (issue?.code === 'invalid_type') {
    return { code: 'invalid_type', message: `Invalid type for '${param}': expected ${issue.expected}.`, param };
  }
  return invalidValue(param, `Invalid value for '${param}': ${issue?.message ?? 'it does not fit'}.`);
}
