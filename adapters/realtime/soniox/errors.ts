// Errors as Soniox writes them: an event with a status as its code, and the body of an HTTP answer.

import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';
import { type HttpReply, type Refusal, refusalReply } from '../refusal.ts';

/** Statuses by which its SDKs choose the class of an error: 400, 401, 402, 408, 429, 500 and 503 (read in @soniox/node 2.3). */
const STATUSES: Partial<Readonly<Record<Rejection['code'], number>>> = {
  key_revoked: 401,
  model_not_allowed: 403,
  budget_reached: 402,
  session_limit: 408,
  side_unavailable: 503,
  ended_by_operator: 503,
};

export const sonioxError = ({ code, message }: Rejection): OutFrame => event(STATUSES[code] ?? 400, code, message);

/** The event of a refusal behind the 101. */
export const sonioxRefusal = ({ status, code, message }: Refusal): OutFrame => event(status, code, message);

/** Its SDKs read the code and the message. */
function event(status: number, code: string, message: string): OutFrame {
  return jsonFrame({ error_code: status, error_type: code, error_message: message });
}

/** The shape of its REST errors (document; the SDK shows the status and the whole body). */
export function sonioxHttpError(refusal: Refusal): HttpReply {
  const { status, code, message, help } = refusal;
  return refusalReply(refusal, { status_code: status, error_type: code, message, help });
}
