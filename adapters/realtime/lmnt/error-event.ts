// Errors as LMNT writes them: a type of seven (read in lmnt-node 2.12) and a sentence.

import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Refusal } from '../refusal.ts';

const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'payment_required_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
};

export const lmntTypeOf = (status: number): string =>
  TYPES[status] ?? (status >= 500 ? 'internal_server_error' : 'invalid_request_error');

/** The event, behind which the connection is closed. */
export const lmntEvent = (type: string, message: string): OutFrame =>
  jsonFrame({ type: 'error', error: { type, message } });

/** The event of a refusal behind the 101. */
export const lmntRefusal = ({ status, message }: Refusal): OutFrame => lmntEvent(lmntTypeOf(status), message);
