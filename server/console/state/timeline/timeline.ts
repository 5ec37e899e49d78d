// Describes the timeline of a session: sentences about its entries, which of them stand out, and where they are in the plot.

import type { EntryKind, TimelineItem } from '../../api/sessions.ts';
import { formatMs } from '../format.ts';

/** Limits beyond which an entry stands out, in ms; the gateway's own verdicts go by the same. */
const slowMs: Readonly<Partial<Record<EntryKind, number>>> = { dial: 1000, open: 1000, reply: 2000, 'round-trip': 400 };

export function standsOut({ kind, ms = 0, isUnanswered, state, reason, code }: TimelineItem): boolean {
  switch (kind) {
    case 'slow-reader':
    case 'refusal':
      return true;
    case 'turn':
      return isUnanswered === true;
    case 'task':
      return state === 'failed' || state === 'dead';
    case 'close':
      return endedBadly(reason, code);
    default:
      return ms > (slowMs[kind] ?? Number.POSITIVE_INFINITY);
  }
}

/** True where nobody just hung up. */
export function endedBadly(reason: string | undefined, code: TimelineItem['code']): boolean {
  return reason !== 'client-closed' && !(reason === 'provider-closed' && usualCodes.includes(code));
}

/** Codes with which a provider ends what is done. */
const usualCodes: readonly TimelineItem['code'][] = [undefined, 1000, 1005];

export const kindWords: Readonly<Record<EntryKind, string>> = {
  try: 'Tries',
  dial: 'Dial',
  open: 'Opening',
  turn: 'Turns',
  reply: 'Replies',
  'round-trip': 'Round trips',
  'slow-reader': 'Slow readers',
  return: 'Returns',
  move: 'Moves',
  tool: 'Tools',
  usage: 'Usage',
  refusal: 'Refusals',
  close: 'Close',
  task: 'Tasks',
};

/** Says what an entry tells, without its time. */
export function sentenceOf(entry: TimelineItem): string {
  const { kind, number, code, by, reason, words } = entry;
  const ms = formatMs(entry.ms);
  switch (kind) {
    case 'try':
      return `${entry.target} was tried in vain for ${ms}: ${entry.outcome}`;
    case 'dial':
      return `The provider answered the dial after ${ms} on a ${connectionWords[entry.connection ?? ''] ?? 'connection'}`;
    case 'open':
      return `The client had its 101 after ${ms}${entry.context ? `; context: ${entry.context}` : ''}`;
    case 'turn':
      return `Turn ${number}${entry.isInterrupted ? ', interrupted' : ''}${entry.isUnanswered ? ', not answered' : ''}`;
    case 'reply':
      return `First ${entry.began} ${ms} after the ${entry.since === 'speech' ? 'end of the speech' : 'request'}`;
    case 'round-trip':
      return `The client answered a ping after ${ms}`;
    case 'slow-reader':
      return `The ${entry.end} read too slowly for ${ms}`;
    case 'move':
      return `Went on at another socket of the provider after ${ms} without one: ${entry.why}`;
    case 'return':
      return `The client came back after ${ms}`;
    case 'tool':
      return `The model asked for ${entry.name === undefined ? 'a tool' : `the tool ${entry.name}`}`;
    case 'usage':
      return `Usage: ${usageWords(entry.usage ?? {})}`;
    case 'refusal':
      return `A message was refused: ${code}`;
    case 'close':
      return `Closed by the ${by}${code === undefined ? '' : ` with ${code}`}: ${reason}${words ? ` (${words})` : ''}`;
    case 'task':
      return `Task ${entry.task}: ${entry.state} after ${ms}${entry.error ? ` (${entry.error})` : ''}`;
  }
}

const connectionWords: Readonly<Record<string, string>> = {
  warm: 'connection opened ahead',
  cold: 'new connection',
  stale: 'new connection, since the one opened ahead was stale',
};

function usageWords(usage: Readonly<Record<string, unknown>>): string {
  const counts = Object.entries(usage).filter(([, count]) => typeof count === 'number' && count > 0);
  return counts.map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
}

/** A lane of the plot; times are shares of the session, 0 to 1. */
export interface Lane {
  readonly name: string;
  readonly marks: readonly Mark[];
}

interface Mark {
  readonly from: number;
  readonly to: number;
  /** Height, 0 to 1. */
  readonly height: number;
  readonly isBad: boolean;
  readonly title: string;
}

/** The lanes that have something in them. Tasks are left out: most run when the call is over. */
export function lanesOf(entries: readonly TimelineItem[], from: number, until: number): readonly Lane[] {
  const share = (at: number): number => Math.min(1, Math.max(0, (at - from) / Math.max(1, until - from)));
  const worst = Math.max(
    slowMs['round-trip'] ?? 0,
    ...entries.map(({ kind, ms = 0 }) => (kind === 'round-trip' ? ms : 0)),
  );
  const markOf = (entry: TimelineItem): Mark => {
    const [begin, end] = spanOf(entry);
    const height = entry.kind === 'round-trip' ? Math.max(0.08, (entry.ms ?? 0) / worst) : 1;
    return { from: share(begin), to: share(end), height, isBad: standsOut(entry), title: sentenceOf(entry) };
  };
  const lanes = laneKinds.map(({ name, has }) => ({ name, marks: entries.filter(has).map(markOf) }));
  return lanes.filter(({ marks }) => marks.length > 0);
}

const laneKinds: readonly { readonly name: string; has(entry: TimelineItem): boolean }[] = [
  { name: 'Opening', has: ({ kind }) => kind === 'dial' || kind === 'try' },
  { name: 'Turns', has: ({ kind }) => kind === 'turn' },
  { name: 'Wait for the reply', has: ({ kind }) => kind === 'reply' },
  { name: 'Tools', has: ({ kind }) => kind === 'tool' },
  { name: 'Round trip', has: ({ kind }) => kind === 'round-trip' },
  { name: 'Slow client', has: ({ kind, end }) => kind === 'slow-reader' && end === 'client' },
  { name: 'Slow provider', has: ({ kind, end }) => kind === 'slow-reader' && end === 'provider' },
  { name: 'Moves', has: ({ kind }) => kind === 'move' },
  { name: 'Client away', has: ({ kind }) => kind === 'return' },
  { name: 'Refusals, close', has: ({ kind }) => kind === 'refusal' || kind === 'close' },
];

/** A reply is measured when it begins, and its wait lies before; all else begins at its time. */
function spanOf({ kind, at, endedAt, ms = 0 }: TimelineItem): readonly [number, number] {
  const begin = Date.parse(at);
  if (kind === 'reply') return [begin - ms, begin];
  if (kind === 'turn' && endedAt !== undefined) return [begin, Date.parse(endedAt)];
  return kind === 'slow-reader' || kind === 'dial' || kind === 'try' ? [begin, begin + ms] : [begin, begin];
}
