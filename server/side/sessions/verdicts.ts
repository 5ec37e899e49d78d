// Says in short sentences what stands out in a timeline: why a call was bad. The rules are plain limits over what was measured.

import type { SessionRecord } from '../../ipc/session-record.ts';
import { type CloseName, ledgerOutcome } from '../../session/close-reason.ts';
import type { TimelineEntry } from './timeline.ts';

/** Beyond these a person notices, or something is wrong. */
const LIMITS = { openMs: 1000, dialMs: 1000, firstReplyMs: 2000, roundTripMs: 400, residenceUs: 50_000 } as const;
/** Sentences of one rule; the longest waits come first. */
const MOST_OF_A_KIND = 3;

type Entry<Kind extends TimelineEntry['kind']> = Extract<TimelineEntry, { readonly kind: Kind }>;

/** Returns the sentences in the order of the call: how it opened, what was slow, how it ended. None: nothing stands out. */
export function verdictsOn(
  entries: readonly TimelineEntry[],
  { residenceUs, isBeyondBound }: Partial<SessionRecord>,
): readonly string[] {
  const of = <Kind extends TimelineEntry['kind']>(kind: Kind): readonly Entry<Kind>[] =>
    entries.filter((entry): entry is Entry<Kind> => entry.kind === kind);
  const turns = of('turn');
  return [
    ...of('try').map(({ target, outcome }) => `${target} did not serve it: ${outcome}`),
    ...opening(of('dial'), of('open')),
    ...replies(of('reply'), turns),
    ...unanswered(turns),
    ...roundTrips(of('round-trip')),
    ...slowReaders(of('slow-reader')),
    ...residence(residenceUs, of('slow-reader').length > 0),
    ...interruptions(turns),
    ...refusals(of('refusal')),
    ...(isBeyondBound ? ['the provider reported more usage than there can have been'] : []),
    ...tasks(of('task')),
    ...of('close').flatMap(closing),
  ];
}

function opening([dial]: readonly Entry<'dial'>[], [open]: readonly Entry<'open'>[]): readonly string[] {
  const isDialSlow = dial !== undefined && dial.ms > LIMITS.dialMs;
  if (isDialSlow) return [`the provider took ${spoken(dial.ms)} to answer the upgrade`];
  if (open === undefined || open.ms <= LIMITS.openMs) return [];
  return [`the session took ${spoken(open.ms)} to open, of which the provider took ${spoken(dial?.ms ?? 0)}`];
}

function replies(found: readonly Entry<'reply'>[], turns: readonly Entry<'turn'>[]): readonly string[] {
  const slow = found.filter(({ ms }) => ms > LIMITS.firstReplyMs);
  const turnOf = ({ at }: Entry<'reply'>) => turns.find((turn) => at >= turn.at && at <= turn.endedAt)?.number;
  const sentence = (reply: Entry<'reply'>): string => {
    const number = turnOf(reply);
    return `the provider took ${spoken(reply.ms)} to the first ${reply.began} of ${number === undefined ? 'a turn' : `turn ${number}`}`;
  };
  return [...longest(slow).map(sentence), ...more(slow, 'slow replies')];
}

function unanswered(turns: readonly Entry<'turn'>[]): readonly string[] {
  const found = turns.filter((turn) => turn.isUnanswered);
  return [
    ...found.slice(0, MOST_OF_A_KIND).map(({ number }) => `no reply came to turn ${number}`),
    ...more(found, 'turns without a reply'),
  ];
}

function roundTrips(found: readonly Entry<'round-trip'>[]): readonly string[] {
  const sorted = found.map(({ ms }) => ms).sort((a, b) => a - b);
  const [worst, median] = [sorted.at(-1), sorted[Math.floor(sorted.length / 2)]];
  if (worst === undefined || median === undefined || worst <= LIMITS.roundTripMs) return [];
  if (median > LIMITS.roundTripMs) return [`the client's round trip was ${spoken(median)} at the median`];
  return [`the client's round trip rose to ${spoken(worst)}`];
}

function slowReaders(found: readonly Entry<'slow-reader'>[]): readonly string[] {
  return (['client', 'provider'] as const).flatMap((end) => {
    const waits = found.filter((wait) => wait.end === end);
    return [
      ...longest(waits).map(({ ms }) => `the ${end} read too slowly for ${spoken(ms)}`),
      ...more(waits, `times when the ${end} read too slowly`),
    ];
  });
}

/** Frames stay long in the gateway where an end is slow; where none was, the gateway itself is late. */
function residence(us: SessionRecord['residenceUs'] | undefined, isEndSlow: boolean): readonly string[] {
  const worst = Math.max(us?.upstream.p99 ?? 0, us?.downstream.p99 ?? 0);
  if (isEndSlow || worst <= LIMITS.residenceUs) return [];
  return [`one frame in a hundred stayed ${spoken(worst / 1000)} or longer in the gateway`];
}

function interruptions(turns: readonly Entry<'turn'>[]): readonly string[] {
  const count = turns.filter(({ isInterrupted }) => isInterrupted).length;
  return count >= 2 && count >= turns.length / 2 ? [`${count} of ${turns.length} replies were interrupted`] : [];
}

function refusals(found: readonly Entry<'refusal'>[]): readonly string[] {
  const codes = [...new Set(found.map(({ code }) => code))];
  return codes.map((code) => {
    const count = found.filter((refusal) => refusal.code === code).length;
    return count === 1 ? `a message of the client was refused: ${code}` : `${count} messages were refused: ${code}`;
  });
}

function tasks(found: readonly Entry<'task'>[]): readonly string[] {
  const failed = found.filter(({ state }) => state === 'failed' || state === 'dead');
  return failed
    .slice(0, MOST_OF_A_KIND)
    .map(({ task, error }) => `the task ${task} failed${error ? `: ${error}` : ''}`);
}

function closing({ reason, code, words }: Entry<'close'>): readonly string[] {
  const known = endings[reason as CloseName];
  const isUsual = ledgerOutcome(reason) === 'ok' && known === undefined;
  const isProviderFault = reason === 'provider-closed' && code !== undefined && code !== 1000 && code !== 1005;
  if (isProviderFault) return [`the provider closed with ${code}${words ? `: ${words}` : ''}`];
  return isUsual ? [] : [known ?? `the session ended as ${reason}`];
}

const endings: Readonly<Partial<Record<CloseName, string>>> = {
  'client-lost': 'the connection of the client broke off',
  'client-broke-protocol': 'the client broke the WebSocket protocol',
  'client-silent': 'the client went silent: not even pings were answered',
  'client-slow': 'the session ended since the client read too slowly',
  'client-stalled': 'a message of the client made no progress',
  'provider-lost': 'the connection of the provider broke off',
  'provider-broke-protocol': 'the provider broke the WebSocket protocol',
  'provider-silent': 'the provider went silent',
  'provider-slow': 'the session ended since the provider read too slowly',
  'provider-stalled': 'a message of the provider made no progress',
  'no-message-memory': 'the gateway had no memory for unfinished messages',
  'short-of-memory': 'the gateway was short of memory, and the session was idle',
  'frame-refused': 'the session ended over the message that was refused',
  idle: 'the session ended since nothing was said for too long',
  'duration-reached': 'the session lasted as long as any may',
  'session-limit': 'the session lasted as long as its key lets it',
  'budget-reached': 'the session cost as much as its key, its class or its budgets let it',
  'key-revoked': 'the key of the session was revoked',
  'pins-not-taken': 'the provider did not take what the client secret lays down',
  'ended-by-operator': 'the operator, or the key itself, ended the session',
  drained: 'the session ended since the gateway shut down',
  moved: 'the gateway shut down, and left the session to another process',
  'gateway-fault': 'a fault of the gateway ended the session: its log says more',
  'gateway-lost': 'the gateway process died',
  recovered: 'the gateway was lost with all its processes',
};

const longest = <Wait extends { readonly ms: number }>(waits: readonly Wait[]): readonly Wait[] =>
  waits.toSorted((a, b) => b.ms - a.ms).slice(0, MOST_OF_A_KIND);

const more = (found: readonly unknown[], what: string): readonly string[] =>
  found.length > MOST_OF_A_KIND ? [`there were ${found.length} ${what} in all`] : [];

const spoken = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
