// The error event of each dialect. They differ in where the client's own event id is quoted.

import type { Frame } from '../../../codecs/frame.ts';
import { readObject } from '../../../codecs/json-object.ts';
import type { Rejection } from '../contract.ts';
import { eventIdOf } from '../event-id.ts';

/** Realtime and Translation. */
export function realtimeError(refused: Rejection, frame?: Frame): string {
  const error = { ...errorBody(refused), event_id: clientEventId(refused, frame) ?? null };
  return JSON.stringify({ type: 'error', event_id: serverEventId(), error });
}

/** Live. */
export function liveError(refused: Rejection, frame?: Frame): string {
  const id = clientEventId(refused, frame);
  const quoted = id === undefined ? {} : { client_event_id: id };
  const error = { ...errorBody(refused), ...quoted };
  return JSON.stringify({ type: 'error', event_id: serverEventId(), error, ...quoted });
}

/** Responses: an HTTP status instead of event ids; `stream_id` names the lane of the request. */
export function responsesError(refused: Rejection, frame?: Frame): string {
  const streamId = frame === undefined ? undefined : readObject(frame.data)?.stream_id;
  const lane = typeof streamId === 'string' && streamId.length <= 512 ? { stream_id: streamId } : {};
  const status = refused.code === 'model_not_allowed' ? 403 : 400;
  return JSON.stringify({ type: 'error', status, error: errorBody(refused), ...lane });
}

function errorBody({ code, message }: Rejection) {
  return { type: 'invalid_request_error', code, message, param: null };
}

function clientEventId(refused: Rejection, frame: Frame | undefined): string | undefined {
  return refused.eventId ?? (frame === undefined ? undefined : eventIdOf(readObject(frame.data)));
}

function serverEventId(): string {
  return `event_${crypto.randomUUID().replaceAll('-', '')}`;
}
