// The facts that a session keeps of its client for as long as it lasts: no headers, no credential.

import type { Dialect } from '../../adapters/realtime/contract/dialect.ts';
import type { BillingBase, SoundRates } from '../../adapters/realtime/contract/metering.ts';
import type { Renaming } from '../../adapters/realtime/contract/names.ts';
import type { JsonObject } from '../../codecs/json/object.ts';
import type { SessionRecord, SessionUsage, TapSummary } from '../ipc/session-record.ts';
import type { DataClass, OnBehalf } from '../ipc/stored-rows.ts';
import type { ConnectionOrigin } from '../platform/metrics.ts';
import type { CloseReason } from './close-reason.ts';

export interface SessionSubject extends OnBehalf {
  readonly sessionId: string;
  readonly provider: string;
  readonly path: string;
  readonly dialect: Dialect;
  /** undefined in open mode. */
  readonly key: { readonly id: string; readonly team?: string | undefined } | undefined;
  /** The id of the client secret that opened it. */
  readonly clientSecret?: string | undefined;
  /** Tells whether the key allows a model; '' is a model that cannot be known. undefined: the key may use all. */
  readonly mayUse: ((model: string) => boolean) | undefined;
  /** The model that the handshake names; in some dialects only frames do. */
  readonly model: string | undefined;
  /** The name of `models` that the client asked for. */
  readonly asked?: string | undefined;
  /** The name that its messages may have for the model, and the one that the provider knows. */
  readonly renamed?: Renaming | undefined;
  /** The measures that the session is billed by. */
  readonly billedBy: readonly BillingBase[];
  /** The rates of sound that the handshake names. */
  readonly sound?: SoundRates | undefined;
  readonly promptClass: string;
  readonly dataClass: DataClass;
  /** Seconds that it may last, by its key, client secret and class. */
  readonly maxSeconds: number | undefined;
  /** The context of an earlier session that this one continues. */
  readonly context: SessionContext | undefined;
  /** The settings that the client secret pins, in the provider's own form of a session's configuration; undefined: none are. */
  readonly pinned?: JsonObject | undefined;
  readonly opening?: Opening | undefined;
}

/** A target that was dialled in vain, or passed over, before the one that serves. `outcome`: the code of its refusal. Times are monotonic ms. */
export interface DialTry {
  /** `<provider>/<model>` */
  readonly target: string;
  readonly outcome: string;
  readonly at: number;
  readonly ms: number;
}

/** The times at which the session came to be, in monotonic ms. */
export interface Opening {
  /** The time of its client's request. */
  readonly askedAt: number;
  readonly dialledAt: number;
  /** Time until the provider's 101. */
  readonly dialMs: number;
  readonly connection: ConnectionOrigin;
  /** Those before, where the model has several targets. */
  readonly tries?: readonly DialTry[] | undefined;
}

/** The part of a session's record that is known from its start. */
const recordOf = ({
  key,
  provider,
  path,
  dialect,
  promptClass,
  dataClass,
  endUser,
  tags,
  clientSecret,
  context,
  asked,
  opening,
}: SessionSubject) => ({
  key: key?.id,
  team: key?.team,
  provider,
  route: path,
  dialect: dialect.name,
  promptClass,
  dataClass,
  endUser,
  tags,
  clientSecret,
  ...(asked !== undefined && { asked, tried: opening?.tries?.map(({ target }) => target) ?? [] }),
  ...(context && { continues: context.continues, context: context.from }),
});

export interface SessionContext {
  /** The earlier session. */
  readonly continues: string;
  /** The source of the text. `none`: nothing is kept. `unavailable`: it could not be read, and the configuration says to go on. */
  readonly from: 'summary' | 'turns' | 'none' | 'unavailable';
  /** '' where there is none. */
  readonly text: string;
  /** The data class of the earlier session, as far as it is known. */
  readonly dataClass: DataClass;
  /** The provider of the earlier session, where that is known. */
  readonly provider?: string | undefined;
}

interface SummaryParts extends Pick<SessionRecord, 'state' | 'durationMs'> {
  readonly subject: SessionSubject;
  readonly startedAt: Date;
  readonly tap: { summary(): TapSummary };
  readonly usage: SessionUsage;
  readonly meter: Pick<SessionRecord, 'costMicroUsd'> | undefined;
  /** The way it ended, or is about to; undefined while it is open. */
  readonly ending?: { readonly reason: CloseReason; readonly closeCode: number } | undefined;
  readonly resume?: SessionRecord['resume'];
  readonly legs?: SessionRecord['legs'];
}

/** The record of a session, be it one of two sockets or a call whose media passes elsewhere, without its timeline. */
export function summaryOf(parts: SummaryParts): SessionRecord {
  const { subject, state, startedAt, durationMs, tap, usage, meter, ending, resume, legs } = parts;
  return {
    id: subject.sessionId,
    state,
    ...recordOf(subject),
    startedAt: startedAt.toISOString(),
    durationMs: Math.round(durationMs),
    ...tap.summary(),
    ...usage,
    ...(meter && { costMicroUsd: meter.costMicroUsd }),
    ...(resume && { resume }),
    ...(legs && { legs }),
    ...(ending && { reason: ending.reason.name, closeCode: ending.closeCode, mayRetry: ending.reason.mayRetry }),
  };
}
