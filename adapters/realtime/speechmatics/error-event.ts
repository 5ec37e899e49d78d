// Errors as Speechmatics writes them: a type of its own (read in @speechmatics/real-time-client 8.5) and the reason.

import { jsonFrame, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Rejection } from '../contract/dialect.ts';
import type { Refusal } from '../refusal.ts';

const TYPES: Readonly<Record<string, string>> = {
  invalid_key: 'not_authorised',
  secret_used: 'not_authorised',
  secret_expired: 'not_authorised',
  key_revoked: 'not_authorised',
  model_not_allowed: 'not_allowed',
  policy_refused: 'not_allowed',
  origin_not_allowed: 'not_allowed',
  unreadable_event: 'invalid_message',
  duplicate_key: 'invalid_message',
  budget_reached: 'quota_exceeded',
  budget_exceeded: 'quota_exceeded',
  too_many_sessions: 'quota_exceeded',
  rate_limit_exceeded: 'quota_exceeded',
  session_limit: 'session_timeout',
};

/** The type that comes closest to a code of the gateway. */
export const speechmaticsTypeOf = (code: string): string => TYPES[code] ?? 'job_error';

/** The event of a rejection, and of a refusal behind the 101. */
export const speechmaticsError = ({ code, message }: Pick<Rejection | Refusal, 'code' | 'message'>): OutFrame =>
  jsonFrame({ message: 'Error', type: speechmaticsTypeOf(code), reason: message, code });
