// The error event of Cartesia's transcription and speech: an HTTP status and a title beside the message (read in the SDK).

import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';

const STATUSES: Readonly<Partial<Record<Rejection['code'], number>>> = {
  model_not_allowed: 403,
  key_revoked: 401,
  budget_reached: 402,
  side_unavailable: 503,
};

export const cartesiaError = ({ code, message }: Rejection): OutFrame =>
  jsonFrame({ type: 'error', status_code: STATUSES[code] ?? 400, title: code, message, error_code: code, done: true });
