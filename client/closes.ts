// Meaning of the close of a session, and whether another one may go well: the table of docs/keys-limits-closes.md.

export type CloseKind =
  | 'ended'
  | 'going_away'
  | 'protocol'
  | 'lost'
  | 'rule'
  | 'too_large'
  | 'broken'
  | 'overloaded'
  | 'credential_refused'
  | 'too_slow'
  | 'moved'
  | 'idle'
  | 'key_revoked'
  | 'budget_reached'
  | 'session_limit'
  | 'ended_by_operator'
  | 'other';

export interface SocketClose {
  /** Code of the close frame; 1006 where the connection ended without one. */
  readonly code: number;
  readonly reason: string;
  readonly kind: CloseKind;
  /** Tells whether to try again, with growing pauses. */
  readonly mayRetry: boolean;
}

/** Closes after which another session would end the same way. */
const FINAL_CODES = [1000, 1002, 1007, 1008, 1009, 3000, 4501, 4502, 4503, 4504];

const KINDS: Readonly<Record<number, CloseKind>> = {
  1000: 'ended',
  1001: 'going_away',
  1002: 'protocol',
  1005: 'ended',
  1006: 'lost',
  1007: 'protocol',
  1008: 'rule',
  1009: 'too_large',
  1011: 'broken',
  1013: 'overloaded',
  3000: 'credential_refused',
  4008: 'too_slow',
  4012: 'moved',
  4408: 'idle',
  4501: 'key_revoked',
  4502: 'budget_reached',
  4503: 'session_limit',
  4504: 'ended_by_operator',
};

export function meaningOfClose(code: number, reason = ''): SocketClose {
  const mayRetry = !FINAL_CODES.includes(code) && (KINDS[code] !== undefined || code >= 4000) && code !== 1005;
  return { code, reason, kind: KINDS[code] ?? 'other', mayRetry };
}
