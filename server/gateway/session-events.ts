// What one session hands over: that it began, its turns, and how it ended. Texts only where the configuration lets them be kept.

import type { Config } from '../config/config.ts';
import type { TurnFinished } from '../ipc/session-event.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import type { Admission } from './admission/admit.ts';
import type { Outbox } from './side/outbox.ts';

export interface SessionEmitter {
  readonly keepsText: boolean;
  readonly handOver: (turn: TurnFinished) => void;
  readonly ended: (record: SessionRecord) => void;
}

/** Hands over that the session begins. */
export function sessionEmitter(
  {
    sessionId,
    key,
    provider: adapter,
    endpoint: route,
    model,
    promptClass,
    dataClass,
    isRehearsal,
    context,
  }: Admission,
  { transcripts, regulated }: Pick<Config, 'transcripts' | 'regulated'>,
  outbox: Outbox,
): SessionEmitter {
  outbox.push({
    kind: 'started',
    id: sessionId,
    key: key?.id,
    team: key?.team,
    provider: adapter.name,
    route: route.path,
    dialect: route.dialect.name,
    model,
    promptClass,
    dataClass,
    isRehearsal,
    startedAt: Date.now(),
    // Of one that could not be read nobody knows whose it is.
    ...(context !== undefined && context.from !== 'unavailable' && { continues: context.continues }),
  });
  return {
    keepsText: transcripts !== 'off' && (dataClass === 'open' || regulated.store),
    handOver: (turn) => outbox.push(turn),
    ended: (record) => outbox.push({ kind: 'ended', id: sessionId, endedAt: Date.now(), record }),
  };
}
