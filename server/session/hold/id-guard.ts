// The rule for ids: a client's message passes only if its key was given the ids in it.

import type { Dialect, FrameIds, NamedId, Rejection } from '../../../adapters/realtime/contract/dialect.ts';
import type { Away } from '../../ipc/channel/owner-answer.ts';
import type { ClientRule } from './client-gate.ts';

/** The ids of one key at one account. */
export interface KeyIds {
  /** Takes what the provider hands out to the key. */
  handedOut(ids: readonly string[]): void;
  /** Tells whether all of them were handed out to the key, where that can be known. `isKnown` false: they may be nobody's, and nobody waits for them. */
  owns(ids: readonly string[], isKnown?: boolean): boolean | Promise<boolean | Away>;
}

/** Makes the rule; undefined where no message can have an id of somebody else. `ids` undefined: the key has the account for itself. */
export function idRule(dialect: Pick<Dialect, 'ids'>, ids: KeyIds | undefined): ClientRule | undefined {
  const rules = dialect.ids;
  const inFrame = rules?.inFrame;
  if (ids === undefined || inFrame === undefined) return undefined;
  return {
    verdictOn(frame) {
      const found = inFrame(frame);
      if (found === undefined) return undefined;
      return 'code' in found ? { rejection: found } : verdictOf(found, ids);
    },
    goesOn: ({ code }) => rules?.goesOn === true && (code === 'id_not_issued' || code === 'side_unavailable'),
  };
}

/** Decides at once where this process knows who was given the ids. */
function verdictOf({ ids: named, isLast = false }: FrameIds, ids: KeyIds): ReturnType<ClientRule['verdictOn']> {
  const answer = named.length === 0 || ids.owns(named.map(({ id }) => id));
  if (answer === true) return isLast ? { isLast } : undefined;
  return { answer: rejectionOf(named, answer), isLast };
}

/** Why a message with these ids must not pass; undefined: all of them are the key's own. */
async function rejectionOf(
  ids: readonly NamedId[],
  answer: false | Promise<boolean | Away>,
): Promise<Rejection | undefined> {
  const owns = await answer;
  if (owns === 'away') return unknown(ids);
  return owns ? undefined : foreign(ids);
}

function foreign([first]: readonly NamedId[]): Rejection {
  const { field, id } = first ?? { field: 'id', id: '' };
  const named = id.length > 80 ? `${id.slice(0, 80)}...` : id;
  const message = `${field} '${named}' not found: expected an id that this key was given through this gateway`;
  return { code: 'id_not_issued', message, field };
}

function unknown([first]: readonly NamedId[]): Rejection {
  const field = first?.field ?? 'id';
  const message = `whether ${field} was given to this key cannot be found out now: try again`;
  return { code: 'side_unavailable', message, field };
}
