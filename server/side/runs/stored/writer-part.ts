// The part of one run that waits to be written: it is split where it is too much for one transaction, and made less where the store does not
// take it.

import type {
  LogPart,
  ResponseChange,
  ResponseChanges,
  ResponseRow,
  ResponseTexts,
} from '../../store/contract/responses.ts';
import { portionsOf } from '../log.ts';
import type { RunEvent } from '../run.ts';

export interface WaitingPart {
  /** The number of the oldest of it, as the writer counts what it is handed. */
  readonly since: number;
  added?: ResponseRow & ResponseTexts;
  events: RunEvent[];
  change?: ResponseChange;
}

/** The part of a run that is not stored: its events, what was asked and answered too, or all of it. */
export type Lost = 'log' | 'texts' | 'all';

interface Sized {
  readonly added?: Pick<ResponseTexts, 'input' | 'result'> | undefined;
  readonly events?: readonly RunEvent[];
  readonly change?: Pick<ResponseChange, 'result'> | undefined;
}

/** Bytes of the events of one row, where one event is not more. */
const ROW_BYTES = 256 * 1024;

/** Characters of all texts, which are about as many bytes. */
export const bytesIn = ({ added, events = [], change }: Sized): number =>
  (added === undefined ? 0 : added.input.length + added.result.length) +
  events.reduce((sum, { data }) => sum + data.length, 0) +
  (change?.result?.length ?? 0);

/** Cuts off what is more than so many bytes. The beginning has one event at least. */
export function splitPart(
  part: WaitingPart,
  bytes: number,
): { readonly head: WaitingPart; readonly rest: WaitingPart | undefined } {
  const [first = [], ...others] = portionsOf(part.events, bytes);
  if (others.length === 0) return { head: part, rest: undefined };
  const { since, added, change } = part;
  return {
    head: { since, events: first, ...(added && { added }) },
    rest: { since, events: others.flat(), ...(change && { change }) },
  };
}

/** Returns what is left to try of a part that the store does not take, with what that loses. */
export function lesserParts(
  id: string,
  { since, added, change }: WaitingPart,
): readonly { readonly lost: Lost; readonly part: WaitingPart | undefined }[] {
  const row = added && { ...added, isCut: true };
  const cut: ResponseChange = { ...change, id, isCut: true };
  const bare = added && withoutTexts(added);
  return [
    { lost: 'log', part: { since, events: [], ...(row && { added: row }), change: cut } },
    { lost: 'texts', part: { since, events: [], ...(bare && { added: bare }), change: withoutResult(cut) } },
    { lost: 'all', part: undefined },
  ];
}

/** The response without what was asked and answered: nobody continues it, since a turn would be missing. */
export const withoutTexts = (added: ResponseRow & ResponseTexts): ResponseRow & ResponseTexts => ({
  ...added,
  ...{ isCut: true, isKept: false, input: '[]', result: textless(added), note: undefined },
});

/** The change without what was answered. The result of a response that goes on comes again at its end. */
export const withoutResult = ({ result, ...change }: ResponseChange): ResponseChange =>
  result === undefined || change.endedAt === undefined
    ? change
    : { ...change, isCut: true, isKept: false, result: textless(change) };

/** The response of which the store has not taken what was asked and answered. */
function textless({ id, endedAt }: Pick<ResponseRow, 'id' | 'endedAt'>): string {
  const [status, error] = endedAt === undefined ? ['in_progress', null] : ['failed', notTaken];
  return JSON.stringify({ id, object: 'response', status, error, incomplete_details: null, output: [], usage: null });
}

const notTaken = { code: 'response_not_kept', message: 'the store did not take this response' };

export function changesOf(batch: ReadonlyMap<string, WaitingPart>): Required<ResponseChanges> & {
  readonly added: readonly (ResponseRow & ResponseTexts)[];
} {
  const entries = [...batch];
  return {
    added: entries.flatMap(([, { added }]) => added ?? []),
    parts: entries.flatMap(([id, { events }]) =>
      portionsOf(events, ROW_BYTES).flatMap((portion) => rowOf(id, portion) ?? []),
    ),
    changed: entries.flatMap(([, { change }]) => change ?? []),
  };
}

function rowOf(response: string, events: readonly RunEvent[]): LogPart | undefined {
  const [first, last] = [events[0], events.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  return {
    response,
    firstSequence: first.sequence,
    lastSequence: last.sequence,
    events: events.map(({ data }) => data).join('\n'),
  };
}
