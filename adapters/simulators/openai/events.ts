// How the OpenAI simulators speak: JSON events with ids, and errors in the provider's shape.
// Rule: a client's mistake is a Failure value, and leaves the session open.

import type { z } from 'zod';
import type { Frame } from '../../../codecs/frame.ts';
import { isObject, type JsonObject, parseJson, valueAt } from '../../../codecs/json-object.ts';
import { createId } from '../random-id.ts';
import type { ScriptRuntime } from '../script-runtime.ts';

/** A mistake in a client event, as an `error` event tells it. */
export interface ErrorDetails {
  readonly code: string;
  readonly message: string;
  readonly param?: string | undefined;
}

/** The events of one Realtime connection. */
export class EventSender {
  readonly runtime: ScriptRuntime;

  constructor(stage: ScriptRuntime) {
    this.runtime = stage;
  }

  send(type: string, fields: JsonObject = {}): void {
    this.runtime.send(JSON.stringify({ type, event_id: createId('event_'), ...fields }));
  }

  fail(failure: ErrorDetails, eventId: unknown): void {
    const error = {
      type: 'invalid_request_error',
      code: failure.code,
      message: failure.message,
      param: failure.param ?? null,
      event_id: typeof eventId === 'string' ? eventId : null,
    };
    this.send('error', { error });
  }
}

/** What a client sent, as one JSON object; undefined when it is none. */
export function readClientEvent(frame: Frame): JsonObject | undefined {
  const event = frame.binary ? undefined : parseJson(frame.data.toString());
  return isObject(event) ? event : undefined;
}

/** The length of a session as the provider tells it. */
export function wholeMinutes(ms: number): number {
  return Math.ceil(ms / 60_000);
}

/** An event without a field that it needs. */
export function missingParameter(param: string): ErrorDetails {
  return { code: 'missing_required_parameter', message: `Missing required parameter: '${param}'.`, param };
}

/** An event with a field that cannot be so. */
export function invalidValue(param: string, message: string): ErrorDetails {
  return { code: 'invalid_value', message, param };
}

/** The first thing wrong with what a client gave, under the name that the client knows. */
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
