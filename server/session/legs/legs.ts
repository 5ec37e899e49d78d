// The provider's side of a session, whichever socket that is at: one leg, or several behind each other where the session survives its provider.

import type { Pins } from '../../../adapters/realtime/contract/pins.ts';
import type { OutFrame } from '../../../codecs/websocket/frame.ts';
import type { ReadEnd } from '../../../codecs/websocket/frame-batch.ts';
import type { LegRecord, SessionSide } from '../../ipc/session-record.ts';
import { type Boundary, Peer } from '../../transport/peer.ts';
import {
  type CloseReason,
  closeOf,
  type EndOptions,
  providerBrokeProtocol,
  providerEnded,
  reasons,
} from '../close-reason.ts';
import type { Receivers } from '../hold/inject-context.ts';
import { CutUsage } from '../meter/cut-usage.ts';
import type { SessionSubject } from '../subject.ts';
import { type SessionMessages, type UnfinishedMessages, watchMessages } from '../unfinished-messages.ts';
import { Leg, type LegOptions } from './leg.ts';
import { LegList } from './leg-list.ts';
import type { NextSocket } from './redial.ts';
import { type Survival, Survivor, type SurvivorOptions } from './survivor.ts';

interface LegsOptions extends Omit<LegOptions, 'messages' | 'onProviderEnd'> {
  readonly subject: Pick<SessionSubject, 'provider' | 'model' | 'dialect' | 'billedBy'>;
  readonly unfinished: UnfinishedMessages;
  /** Undefined where the session ends with its provider. */
  readonly survival?: Survival | undefined;
  isOpen(): boolean;
  /** Ends the session. */
  end(reason: CloseReason, how?: EndOptions): void;
  /** Called when the provider has ended, and the session with it. */
  onOver(reason: CloseReason): void;
  /** Called when the socket of the leg that the session has now is closed. */
  onGone(): void;
  onFault(error: unknown): void;
}

/** Pause until the end of a provider's message is looked for again. */
const TELL_MS = 50;

/** The boundary is that of what the client gets. */
export class Legs implements Boundary {
  readonly messages: SessionMessages;
  readonly #options: LegsOptions;
  #now: Leg;
  #survivor: Survivor | undefined;
  #receivers: Receivers | undefined;
  /** Undefined where the session ends with its provider. */
  readonly #list: LegList | undefined;
  readonly #cut: CutUsage | undefined;

  constructor(options: LegsOptions) {
    this.#options = options;
    this.messages = watchMessages({ ...options, provider: this }, options.end);
    this.#now = this.#newLeg(options);
    if (options.survival === undefined) return;
    const { tap, subject } = options;
    const isUsageOfLegs = isReportedByTurn(subject);
    this.#list = new LegList({
      ...{ provider: subject.provider, asked: subject.model, isUsageOfLegs, usage: () => tap.usage() },
      providerSession: () => this.#survivor?.providerSession,
    });
    this.#cut = isUsageOfLegs ? new CutUsage(tap, subject.dialect) : undefined;
  }

  /** The sockets so far; undefined where the session ends with its provider. */
  get list(): readonly LegRecord[] | undefined {
    return this.#list?.all;
  }

  /** The leg that the session has now. */
  get now(): Leg {
    return this.#now;
  }

  /** True while the provider is not read. */
  get isPaused(): boolean {
    return this.#now.provider.isPaused;
  }

  /** True while the client has yet to take what was written. */
  get isCongested(): boolean {
    return this.#now.downstream.isCongested;
  }

  get isBetweenFrames(): boolean {
    return this.#now.downstream.boundary.isBetweenFrames;
  }

  get isBetweenMessages(): boolean {
    return this.#now.downstream.boundary.isBetweenMessages;
  }

  /** Sends the client an event of the gateway's own; false, and nothing sent, within a message of the provider. */
  interject(event: OutFrame): boolean {
    if (!this.isBetweenMessages) return false;
    this.#now.downstream.send(event);
    return true;
  }

  /** Sends the client such an event as soon as that can be, while the session is open. */
  tell(event: OutFrame): void {
    if (this.#options.isOpen() && !this.interject(event)) setTimeout(() => this.tell(event), TELL_MS).unref();
  }

  /** Makes what lets the session survive; undefined where it does not. `pinning`: see there. */
  survivor(pinning: Pins['start']): Survivor | undefined {
    const { survival, tap, isOpen, end } = this.#options;
    this.#survivor =
      survival &&
      new Survivor({
        ...{ survival, pinning, isOpen, provider: this.#now.provider, providerMessages: this.messages.downstream },
        onMoved: (move) => this.#moved(move),
        onTold: (message, at) => tap.toldAgain(message, at),
        moveTo: (next) => this.#moveTo(next),
        onProviderEnd: (end) => this.providerEnded(end),
        end,
      });
    return this.#survivor;
  }

  /** See `Survivor.leave`; the provider is not read meanwhile. */
  leave(): ReturnType<Survivor['leave']> {
    const { downstream, provider } = this.#now;
    const saved = this.isBetweenMessages || downstream.isTargetAway ? this.#survivor?.leave() : undefined;
    if (saved !== undefined) provider.pause('held');
    return saved;
  }

  stay(): void {
    this.#now.provider.resume('held');
    this.#survivor?.stay();
  }

  goOn(): void {
    this.#survivor?.goOn();
  }

  /** Begins to read the provider. `isDirect`: nothing stands between it and its link. */
  start(receivers: Receivers, isDirect: boolean): void {
    this.#receivers = receivers;
    this.#startLeg(this.#now, receivers, isDirect);
  }

  providerEnded(end: ReadEnd): void {
    const leg = this.#now;
    leg.provider.finish();
    const close = closeOf(end);
    if (close === undefined) return;
    if ('fault' in close) this.#over(leg, providerBrokeProtocol(close.fault), 1002);
    else this.#over(leg, providerEnded(close.code, close.reason), close.code);
  }

  /** Ends the search for other sockets, and the look for silence: the session is about to end. */
  stopMoving({ name }: CloseReason): void {
    this.#list?.end(name);
    this.#survivor?.stop();
    this.#now.stopWatching();
  }

  #newLeg({ provider, mask }: Pick<LegOptions, 'provider' | 'mask'>, former?: Leg): Leg {
    return new Leg(
      {
        ...{ ...this.#options, provider, mask, messages: this.messages },
        onProviderEnd: (end) => this.providerEnded(end),
        onSlow: (side) => this.#slow(side),
      },
      former,
    );
  }

  #moved(move: Parameters<SurvivorOptions['onMoved']>[0]): void {
    const isEstimated = move.why !== 'due' && this.#cut?.add(performance.now()) === true;
    this.#list?.moved(move.why, isEstimated);
    this.#options.tap.moved(move);
  }

  #slow(side: SessionSide): void {
    const isSurvived = side === 'provider' && this.#survivor?.takes(reasons.providerSlow, 1006) === true;
    if (!isSurvived) this.#options.onSlow(side);
  }

  #startLeg(leg: Leg, { fromProvider: read }: Receivers, isDirect: boolean): void {
    const { onGone, onFault } = this.#options;
    leg.start({
      ...{ read, isDirect, onFault },
      onSilent: () => this.#over(leg, reasons.providerSilent, 1006),
      onLost: () => this.#over(leg, providerEnded(1006), 1006),
      onGone: () => leg === this.#now && onGone(),
    });
  }

  #over(leg: Leg, reason: CloseReason, code: number): void {
    if (leg !== this.#now) return;
    if (this.#survivor?.takes(reason, code) !== true) this.#options.onOver(reason);
    else if (code === 1006) leg.provider.terminate();
    else leg.provider.close(1000);
  }

  #moveTo({ socket, mask }: NextSocket): ReturnType<SurvivorOptions['moveTo']> {
    const { limits } = this.#options;
    const provider = new Peer({ socket, role: 'provider', limits });
    const former = this.#now;
    this.#now = this.#newLeg({ provider, mask }, former);
    if (former.downstream.isTargetAway) this.#now.downstream.targetLeft();
    former.retire();
    const leg = this.#now;
    return { provider, start: () => this.#startLeg(leg, this.#receivers as Receivers, false) };
  }
}

/** Tells whether each reply has a report of what it has used, and a bill by that. */
const isReportedByTurn = ({ dialect, billedBy }: LegsOptions['subject']): boolean =>
  dialect.capabilities.usage === 'per-turn' && billedBy.includes('reported-usage');
