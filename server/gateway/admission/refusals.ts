// Holds the gateway's own refusals before the 101.

import type { Refusal } from '../../../adapters/realtime/refusal.ts';
import { rateExceeded } from '../../http/request/refusals.ts';
import type { LimitRefusal } from '../../ipc/limits.ts';

/** The answer to a plain request whose upgrade would go on to the provider. */
export const speaksWebSocket: Refusal = {
  status: 426,
  code: 'invalid_request',
  message: 'this path speaks WebSocket: expected an upgrade',
};

export const sideUnavailable: Refusal = {
  status: 503,
  code: 'side_unavailable',
  message: 'what sessions do cannot be stored now, and no more of it can be kept here',
  retryAfterS: 5,
};

const outboxShareFull: Refusal = {
  status: 429,
  code: 'outbox_share_full',
  message:
    'as much of what sessions of this key do waits to be stored as may while other keys share the room (side.outboxItems, side.outboxBytes)',
  retryAfterS: 1,
};

/** Refuses a session of somebody who has as many, or has opened as many, as they may. */
export function limitReached(reached: LimitRefusal): Refusal {
  const { of, maxSessions } = reached.scope;
  if (reached.kind === 'beyond') return rateExceeded(reached);
  const message = `this ${of} has as many sessions open as it may, ${maxSessions}`;
  return { status: 429, code: 'too_many_sessions', message, retryAfterS: 5 };
}

/** Refuses what the outbox has no room for: of anybody, or of this key. */
export const outboxRefusal = (full: 'all' | 'share' | undefined): Refusal | undefined =>
  full && (full === 'all' ? sideUnavailable : outboxShareFull);

export const processFull: Refusal = {
  status: 503,
  code: 'too_many_sessions',
  message: 'this gateway process has as many sessions open as it may (limits.maxSessions)',
  retryAfterS: 5,
};

export const duplicateSession: Refusal = {
  status: 409,
  code: 'duplicate_session',
  message: 'a session with this id is open',
};

/** Refusals where there is no room, by who fills it. */
const noPlace = (what: string, limit: string): Readonly<Record<'all' | 'address', Refusal>> => ({
  all: {
    status: 503,
    code: 'too_many_connections',
    message: `as many ${what} are in progress as may be (limits.${limit})`,
    retryAfterS: 1,
  },
  address: {
    status: 429,
    code: 'too_many_connections',
    message: `this address has half of the ${what} that may be in progress (limits.${limit})`,
    retryAfterS: 1,
  },
});

export const tooManyUpgrades = noPlace('upgrades', 'maxUpgrades');
export const tooManyDownloads = noPlace('downloads of recordings', 'maxDownloads');

export const secretUsed: Refusal = {
  status: 401,
  code: 'secret_used',
  message: 'this client secret has opened as many sessions as it may: expected a new one',
};

/** The secret was there when it was looked at. */
export const secretGone: Refusal = { status: 401, code: 'invalid_key', message: 'this client secret is gone' };
