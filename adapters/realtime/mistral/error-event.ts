// The error event of Mistral, whose code is a number: the status that HTTP would have.

import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';

const STATUSES: Readonly<Partial<Record<Rejection['code'], number>>> = {
  model_not_allowed: 403,
  key_revoked: 401,
  budget_reached: 402,
  side_unavailable: 503,
};

export const mistralError = ({ code, message }: Rejection): OutFrame =>
  jsonFrame({ type: 'error', error: { message, code: STATUSES[code] ?? 400, type: code } });
