// Emits the events of one session to the outbox: its start, its turns, its end. Texts only where the configuration lets them be kept.

import type { Config } from '../config/config.ts';
import type { TurnFinished } from '../ipc/session-event.ts';
import type { SessionRecord } from '../ipc/session-record.ts';
import type { Admission } from './admission/admission.ts';
import type { Outbox } from './side/outbox.ts';

/** Emits the start of the session at once. */
export function sessionEmitter(
  admission: Admission,
  { transcripts, regulated }: Pick<Config, 'transcripts' | 'regulated'>,
  outbox: Outbox,
) {
  const { sessionId, key, provider, endpoint, model, promptClass, dataClass, isRehearsal, context } = admission;
  outbox.push({
    kind: 'started',
    id: sessionId,
    key: key?.id,
    team: key?.team,
    provider: provider.name,
    route: endpoint.path,
    dialect: endpoint.dialect.name,
    model,
    promptClass,
    dataClass,
    isRehearsal,
    startedAt: Date.now(),
    // Ownership of an unreadable session is unknown.
    ...(context !== undefined && context.from !== 'unavailable' && { continues: context.continues }),
  });
  return {
    keepsText: transcripts !== 'off' && (dataClass === 'open' || regulated.store),
    onTurn: (turn: TurnFinished) => outbox.push(turn),
    ended: (record: SessionRecord) => outbox.push({ kind: 'ended', id: sessionId, endedAt: Date.now(), record }),
  };
}
