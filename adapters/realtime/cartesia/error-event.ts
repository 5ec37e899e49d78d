// The error event of Cartesia's transcription and speech: an HTTP status and a title beside the message (read in the SDK).

import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';
import type { Refusal } from '../refusal.ts';

const STATUSES: Readonly<Partial<Record<Rejection['code'], number>>> = {
  model_not_allowed: 403,
  key_revoked: 401,
  budget_reached: 402,
  side_unavailable: 503,
};

export const cartesiaError = ({ code, message }: Rejection): OutFrame => event(STATUSES[code] ?? 400, code, message);

/** The event of a refusal behind the 101. */
export const cartesiaRefusal = ({ status, code, message }: Refusal): OutFrame => event(status, code, message);

const event = (status: number, code: string, message: string): OutFrame =>
  jsonFrame({ type: 'error', status_code: status, title: code, message, error_code: code, done: true });
