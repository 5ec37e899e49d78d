// The spans of a realtime session, made when it has ended: the session, the dial, each turn, and below a turn what the model said. They come from
// what is stored of it, so that nothing is done for them while it lives.

import type { Logger } from 'pino';
import { readTraceParent, type TraceParent } from '../../../codecs/text/trace-parent.ts';
import type { Moment, SessionRecord } from '../../ipc/session-record.ts';
import type { SessionEnd, StoredSession, StoredTurn } from '../../ipc/stored-rows.ts';
import { faultOf } from '../../platform/log.ts';
import { type CloseName, ledgerOutcome } from '../../session/close-reason.ts';
import { traceBelow as below, sessionTrace } from '../llm/attempt/trace-id.ts';
import type { Store } from '../store/contract/store.ts';
import { subjectOf, usageAttributes } from './call-spans.ts';
import { CONTENT_EVENT, GEN_AI, OPERATION, OWN, providerName } from './names.ts';
import type { TraceSpan } from './span.ts';
import { spanText } from './span-text.ts';
import type { Telemetry, Tracer } from './telemetry.ts';

interface SessionSpansOptions {
  readonly telemetry: Pick<Telemetry, 'tracer' | 'awaitBeforeClose'>;
  readonly store: Pick<Store, 'session' | 'turns'>;
  readonly log: Logger;
}

/** Sessions that wait to be read; of further ones there are no spans, and each is counted as one that was dropped. */
const MAX_WAITING = 1000;

/** Returns what takes sessions that have ended. They are read from the store one after the other, which the end of telemetry alone waits for. */
export function createSessionSpans({
  telemetry,
  store,
  log,
}: SessionSpansOptions): (ended: readonly SessionEnd[]) => void {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  const read = async (id: string): Promise<void> => {
    const { tracer } = telemetry;
    const session = tracer && (await store.session(id));
    if (session?.endedAt === undefined || session.reason === undefined) return;
    if (!sessionTrace(session, tracer?.sample ?? 0).isSampled) return;
    const { endedAt, reason, record } = session;
    const turns = await store.turns(id);
    for (const span of spansOfSession({ session, end: { id, endedAt, reason, record }, turns }, tracer as Tracer))
      telemetry.tracer?.end(span);
  };
  return (ended) => {
    if (telemetry.tracer === undefined) return;
    for (const { id } of ended) {
      if (waiting >= MAX_WAITING) {
        telemetry.tracer.drop();
        continue;
      }
      waiting += 1;
      last = last
        .then(() => read(id))
        .catch((error: unknown) => log.warn(faultOf(error), 'a session has no spans'))
        .finally(() => {
          waiting -= 1;
        });
      telemetry.awaitBeforeClose(last);
    }
  };
}

interface EndedSession {
  readonly session: StoredSession;
  readonly end: SessionEnd;
  readonly turns: readonly StoredTurn[];
}

type Reply = Extract<Moment, { readonly kind: 'reply' }>;
type Asked = Extract<Moment, { readonly kind: 'tool' }>;
type Used = Extract<Moment, { readonly kind: 'usage' }>;

/** All spans of a session, the session first. */
export function spansOfSession(
  { session, end, turns }: EndedSession,
  { sample, hasContent }: Pick<Tracer, 'sample' | 'hasContent'>,
): readonly TraceSpan[] {
  const record: Partial<SessionRecord> = end.record === undefined ? {} : JSON.parse(end.record);
  const context = sessionTrace(session, sample);
  const moments = record.timeline ?? [];
  const shared = { session, context, model: record.model ?? session.model, moments, hasContent };
  return [
    rootSpan(session, { end, record, context, turns: turns.length }),
    ...moments.flatMap((moment) => (moment.kind === 'dial' ? [dialSpan(moment, shared)] : [])),
    ...turns.flatMap((turn, index) => turnSpans(turn, turns[index + 1], shared)),
  ];
}

interface Root {
  readonly end: SessionEnd;
  readonly record: Partial<SessionRecord>;
  readonly context: TraceParent;
  readonly turns: number;
}

function rootSpan(session: StoredSession, { end, record, context, turns }: Root): TraceSpan {
  const { id, provider, route, dialect, model, startedAt, isRehearsal } = session;
  const { usage = {}, costMicroUsd, closeCode, timeline = [] } = record;
  const outcome = ledgerOutcome(end.reason as CloseName);
  return {
    name: model === undefined ? 'session' : `session ${model}`,
    kind: 'server',
    context,
    parent: readTraceParent(session.trace),
    startedAt,
    endedAt: end.endedAt,
    attributes: {
      ...subjectOf(session),
      [GEN_AI.conversation]: id,
      [GEN_AI.realtimeSession]: id,
      [OWN.provider]: provider,
      [OWN.route]: route,
      [OWN.dialect]: dialect,
      [OWN.turns]: turns,
      [OWN.sessionCost]: costMicroUsd === undefined ? undefined : costMicroUsd / 1e6,
      [OWN.sessionInputTokens]: usage.inputTokens,
      [OWN.sessionOutputTokens]: usage.outputTokens,
      [OWN.closeReason]: end.reason,
      [OWN.closeCode]: closeCode,
      [OWN.isRehearsal]: isRehearsal || undefined,
    },
    events: timeline.flatMap(rootEvent),
    error: outcome === 'ok' ? undefined : outcome,
  };
}

/** The words of a close are the client's own, so they are left out. */
function rootEvent(moment: Moment): NonNullable<TraceSpan['events']> {
  const { at, kind } = moment;
  if (kind === 'try')
    return [
      {
        name: 'try',
        at,
        attributes: { [OWN.tried]: moment.target, [OWN.errorType]: moment.outcome, [OWN.ms]: moment.ms },
      },
    ];
  if (kind === 'open') return [{ name: 'open', at, attributes: { [OWN.ms]: moment.ms } }];
  if (kind === 'slow-reader')
    return [{ name: 'slow_reader', at, attributes: { [OWN.end]: moment.end, [OWN.ms]: moment.ms } }];
  if (kind === 'move') return [{ name: 'move', at, attributes: { [OWN.ms]: moment.ms, [OWN.why]: moment.why } }];
  if (kind === 'return') return [{ name: 'return', at, attributes: { [OWN.ms]: moment.ms } }];
  if (kind === 'refusal') return [{ name: 'refusal', at, attributes: { [OWN.errorType]: moment.code } }];
  if (kind === 'close') return [{ name: 'close', at, attributes: { [OWN.end]: moment.by } }];
  return [];
}

interface Shared {
  readonly session: StoredSession;
  readonly context: TraceParent;
  /** The one that served, else the one that was asked for. */
  readonly model: string | undefined;
  readonly moments: readonly Moment[];
  readonly hasContent: boolean;
}

function dialSpan({ at, ms, connection }: Extract<Moment, { kind: 'dial' }>, { session, context }: Shared): TraceSpan {
  return {
    name: `dial ${session.provider}`,
    kind: 'client',
    context: below(context, 'dial'),
    parent: context,
    startedAt: at,
    endedAt: at + ms,
    attributes: { [OWN.provider]: session.provider, [OWN.connection]: connection },
  };
}

/** A turn goes from the first that was heard of it to its end; what the model said, from the first piece of its reply. */
function turnSpans(turn: StoredTurn, next: StoredTurn | undefined, shared: Shared): readonly TraceSpan[] {
  const { session, context, moments, hasContent } = shared;
  const { number, startedAt, endedAt, isInterrupted } = turn;
  const until = next?.startedAt ?? Number.POSITIVE_INFINITY;
  const reply = moments.find((one): one is Reply => one.kind === 'reply' && one.at >= startedAt && one.at <= endedAt);
  const asked = moments.filter((one): one is Asked => one.kind === 'tool' && one.at >= startedAt && one.at < until);
  const used = moments.filter((one): one is Used => one.kind === 'usage' && one.at >= startedAt && one.at < until);
  const own = below(context, `turn ${number}`);
  const isOfSpeech = reply?.since === 'speech';
  const words = hasContent && session.dataClass === 'open' ? wordsOf(turn) : [];
  const turnSpan: TraceSpan = {
    name: 'turn',
    kind: 'internal',
    context: own,
    parent: context,
    startedAt,
    endedAt,
    attributes: {
      [GEN_AI.conversation]: session.id,
      [OWN.turn]: number,
      [OWN.isInterrupted]: isInterrupted,
      [OWN.replyMs]: reply?.ms,
      [OWN.replySince]: reply?.since,
    },
    events: [
      ...(reply && isOfSpeech ? [{ name: 'speech_end', at: reply.at - reply.ms, attributes: {} }] : []),
      ...(reply ? [{ name: `first_${reply.began}`, at: reply.at, attributes: { [OWN.ms]: reply.ms } }] : []),
      ...asked.map(toolEvent),
      ...(isInterrupted ? [{ name: 'interrupted', at: endedAt, attributes: {} }] : []),
      ...words,
    ],
  };
  return reply === undefined && used.length === 0
    ? [turnSpan]
    : [turnSpan, inferenceSpan(turn, { own, reply, used, shared })];
}

/** The app carries a tool out, so that its own instrumentation has the span `execute_tool`; this says that the model asked for it. */
const toolEvent = ({ at, name, call }: Asked): NonNullable<TraceSpan['events']>[number] => ({
  name: 'tool_call',
  at,
  attributes: { [GEN_AI.tool]: name, [GEN_AI.toolCall]: call },
});

interface Inference {
  readonly own: TraceParent;
  readonly reply: Reply | undefined;
  readonly used: readonly Used[];
  readonly shared: Shared;
}

function inferenceSpan(
  { startedAt, endedAt, isInterrupted }: StoredTurn,
  { own, reply, used, shared }: Inference,
): TraceSpan {
  const { session, model } = shared;
  return {
    name: model === undefined ? OPERATION.realtime : `${OPERATION.realtime} ${model}`,
    kind: 'client',
    context: below(own, 'inference'),
    parent: own,
    startedAt: reply?.at ?? startedAt,
    endedAt,
    attributes: {
      [GEN_AI.operation]: OPERATION.realtime,
      [GEN_AI.provider]: providerName(session.provider),
      [GEN_AI.conversation]: session.id,
      [GEN_AI.realtimeSession]: session.id,
      [GEN_AI.requestModel]: session.model,
      [GEN_AI.responseModel]: model,
      [GEN_AI.outputType]: reply === undefined ? undefined : reply.began === 'audio' ? 'speech' : 'text',
      [GEN_AI.finishReasons]: isInterrupted ? ['error'] : undefined,
      ...usageAttributes(sumOf(used)),
    },
  };
}

/** Reports that replace each other say nothing of one turn. */
function sumOf(used: readonly Used[]): Used['usage'] {
  const sum: Record<string, number> = {};
  if (used.some(({ usage }) => usage.cumulative)) return sum;
  for (const { usage } of used)
    for (const [name, count] of Object.entries(usage))
      if (typeof count === 'number') sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

function wordsOf({ user, assistant, endedAt }: StoredTurn): NonNullable<TraceSpan['events']> {
  const text = spanText(user ? [{ role: 'user', content: user }] : [], assistant);
  return user || assistant ? [{ name: CONTENT_EVENT, at: endedAt, attributes: {}, text }] : [];
}
