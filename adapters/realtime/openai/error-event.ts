// The error event of each dialect. They differ in where the client's own event id is quoted.

import { readObject } from '../../../codecs/json/object.ts';
import { type Frame, jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';
import { eventIdOf } from '../guards/event-id.ts';
import type { Refusal } from '../refusal.ts';

/** Writes the error of Realtime and Translation. */
export function realtimeError(rejection: Rejection, frame?: Frame): OutFrame {
  const error = { ...errorBody(rejection), event_id: clientEventId(rejection, frame) ?? null };
  return jsonFrame({ type: 'error', event_id: serverEventId(), error });
}

/** Writes the error of Live. */
export function liveError(rejection: Rejection, frame?: Frame): OutFrame {
  const id = clientEventId(rejection, frame);
  const quoted = id === undefined ? {} : { client_event_id: id };
  const error = { ...errorBody(rejection), ...quoted };
  return jsonFrame({ type: 'error', event_id: serverEventId(), error, ...quoted });
}

/** Writes the error of Responses: with an HTTP status instead of event ids; `stream_id` names the lane of the request. */
export function responsesError(rejection: Rejection, frame?: Frame): OutFrame {
  const streamId = frame === undefined ? undefined : readObject(frame.data)?.stream_id;
  const lane = typeof streamId === 'string' && streamId.length <= 512 ? { stream_id: streamId } : {};
  const status = STATUSES[rejection.code] ?? 400;
  // Clients know this code of the provider, and send the whole conversation then.
  const isResponse = rejection.code === 'id_not_issued' && rejection.field === 'previous_response_id';
  const code = isResponse ? 'previous_response_not_found' : rejection.code;
  return jsonFrame({ type: 'error', status, error: { ...errorBody(rejection), code }, ...lane });
}

/** Writes the event of a refusal behind the 101, for all of them. */
export function refusalEvent({ status, code, message, param }: Refusal): OutFrame {
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return jsonFrame({
    type: 'error',
    event_id: serverEventId(),
    status,
    error: { type, code, message, param: param ?? null },
  });
}

const STATUSES: Readonly<Partial<Record<Rejection['code'], number>>> = {
  model_not_allowed: 403,
  pinned: 403,
  side_unavailable: 503,
};

function errorBody({ code, message, field }: Rejection) {
  const type = code === 'side_unavailable' ? 'server_error' : 'invalid_request_error';
  return { type, code, message, param: field ?? null };
}

function clientEventId(rejection: Rejection, frame: Frame | undefined): string | undefined {
  return rejection.eventId ?? (frame === undefined ? undefined : eventIdOf(readObject(frame.data)));
}

function serverEventId(): string {
  return `event_${crypto.randomUUID().replaceAll('-', '')}`;
}
