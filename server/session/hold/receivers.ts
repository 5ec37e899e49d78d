// Puts what holds messages back between the ends of a session and its links: the rules of ids and pins, and the context of an earlier session.

import { performance } from 'node:perf_hooks';
import type { Pins } from '../../../adapters/realtime/contract/pins.ts';
import { type CloseReason, pinsNotTaken, reasons } from '../close-reason.ts';
import type { ClientReturn } from '../legs/client-return.ts';
import type { Survivor } from '../legs/survivor.ts';
import type { SessionSubject } from '../subject.ts';
import type { SessionMessages } from '../unfinished-messages.ts';
import { ClientGate, type ClientGateOptions, type ClientRule } from './client-gate.ts';
import { idRule, type KeyIds } from './id-guard.ts';
import { type InjectionOptions, injectContext, type Links, type Receivers } from './inject-context.ts';
import { PinnedSession, type PinnedSessionOptions, pinRule, pinsOf } from './pinned-session.ts';
import { renameRule } from './renamed-model.ts';
import { translatedReceivers, translationRule } from './translated.ts';

type PartOptions = InjectionOptions & ClientGateOptions & PinnedSessionOptions;

/** Rules for messages of the client. */
export interface ClientRules {
  /** The ids of the key; undefined where no other key shares its account. */
  readonly ids?: KeyIds | undefined;
  /** The rule for credentials, which comes before the others; undefined where no message holds one. */
  readonly credentialRule?: ClientRule | undefined;
  /** The rule for what settings of the account say, too, which sees what goes upstream. */
  readonly accountRule?: ClientRule | undefined;
}

interface HoldOptions
  extends ClientRules,
    Omit<PartOptions, 'subject' | 'rules' | 'messages' | 'providerMessages' | 'onUnanswered' | 'onNotTaken'> {
  readonly subject: Pick<SessionSubject, 'dialect' | 'context' | 'pinned' | 'renamed'>;
  readonly messages: SessionMessages;
  /** Makes what lets the session survive its provider; undefined where it does not. See `Legs.survivor`. */
  survivor(pinning: Pins['start']): Survivor | undefined;
  /** Undefined where the client may not come back. */
  readonly returning?: Pick<ClientReturn, 'rule' | 'took' | 'over'> | undefined;
  end(reason: CloseReason): void;
}

/** Wraps the links; returns them where nothing holds a message. Must be called before the first byte arrives. */
export function holdMessages(links: Links, options: HoldOptions): Receivers {
  const { subject, ids, credentialRule, accountRule, returning, end, messages } = options;
  const pins = pinsOf(subject);
  const survivor = options.survivor(pins?.start);
  const parts = {
    ...options,
    messages: messages.upstream,
    providerMessages: messages.downstream,
    onTaken: returning?.took,
    onUnanswered: () => end(reasons.providerUnanswered),
    onNotTaken: (fault: string) => end(pinsNotTaken(fault)),
  };
  const translation = subject.dialect.clients?.translate();
  // Pins are compared with what the client has written: with the name, and not with the model that it stands for.
  const translating = translation && translationRule(translation);
  const own = [idRule(subject.dialect, ids), pins && pinRule(pins), renameRule(subject)];
  const all = [credentialRule, translating, ...own, accountRule];
  // The survivor comes last: it keeps for another socket what the provider gets.
  const rules = [...all, survivor?.rule, returning?.rule].filter((rule) => rule !== undefined);
  const inject = (options: InjectionOptions): Receivers => {
    const receivers = injectContext(links, options);
    return translation === undefined ? receivers : translatedReceivers(receivers, translation, parts);
  };
  if (rules.length === 0) return inject(parts);
  const gated = { ...parts, rules };
  const gate = pins === undefined ? new ClientGate(inject(parts), gated) : holdPinned(inject, pins, gated);
  returning?.over(gate);
  return survivor?.over(gate) ?? gate;
}

function holdPinned(inject: (options: InjectionOptions) => Receivers, pins: Pins, options: PartOptions): ClientGate {
  if (pins.start !== undefined) options.provider.sendMessage(pins.start.event);
  // Chunks that are held behind the gate have passed it, and must not come to it again.
  const inner: Receivers = inject({ ...options, readAgain: (chunks) => readAll(inner, chunks) });
  const session = new PinnedSession(pins, inner.fromProvider, options);
  const isRead = pins.start !== undefined || pins.fromProvider !== undefined;
  const receivers: Receivers = {
    fromClient: inner.fromClient,
    fromProvider: isRead ? session.fromProvider : inner.fromProvider,
    afterHeld: (callback) => inner.afterHeld(callback),
  };
  const gate = new ClientGate(receivers, options);
  if (pins.start === undefined) return gate;
  gate.shut();
  session.whenTaken(() => gate.open());
  return gate;
}

function readAll({ fromClient }: Receivers, chunks: readonly Buffer[]): void {
  const at = performance.now();
  for (const chunk of chunks) {
    let rest: Buffer | undefined = chunk;
    while (rest !== undefined) ({ rest } = fromClient(rest, at, Number.POSITIVE_INFINITY));
  }
}
