// Counts what a live session has cost: what was reported, and an estimate of what has passed since. Ends it at its limit.
// Rule: it looks four times a second and behind each report, never at a single frame of audio.

import type { BillingBase } from '../../../adapters/realtime/contract/metering.ts';
import type { Observation, Usage } from '../../../adapters/realtime/contract/observation.ts';
import type { Direction } from '../../../codecs/websocket/frame.ts';
import type { SessionUsage } from '../../ipc/session-record.ts';
import { budgetReached, type CloseReason } from '../close-reason.ts';
import type { SessionSubject } from '../subject.ts';
import type { Tap } from '../tap/tap.ts';
import { Unreported } from './unreported.ts';
import { type CostOf, costOfUses, isCounted } from './use-cost.ts';

/** The limits of what a session may cost. */
export interface Leash {
  readonly costOf: CostOf;
  /** A session of unknown price goes on, and is not counted. */
  readonly allowsUnknown: boolean;
  /** Most that it may cost, by its key, class and client secret. */
  readonly maxMicroUsd: number | undefined;
  /** The part of its budgets that it may spend; undefined where it is in none. */
  readonly funds?: Funds | undefined;
}

export interface Funds {
  /**
   * Tells what the session has cost so far, and what it may cost in the next seconds; asks for more in the background, ahead of need. Returns why
   * it has to end, in words; undefined: it goes on.
   */
  spend(costMicroUsd: number, aheadMicroUsd: number): string | undefined;
  /** Called when the session ends; see `SessionFunds`. */
  close(wasOpened: boolean): void;
}

interface MeterOptions {
  readonly leash: Leash;
  readonly subject: Pick<SessionSubject, 'dialect' | 'model' | 'billedBy'>;
  readonly tap: Tap;
  /** Returns what was reported so far, and what the gateway counts itself. */
  readonly usage: () => SessionUsage;
  /** Monotonic ms of the 101. */
  readonly startedMs: number;
  readonly end: (reason: CloseReason) => void;
}

const LOOK_EVERY_MS = 250;
/** Time for which a session has to have money ahead. */
const AHEAD_SECONDS = 5;

export class SessionMeter {
  readonly #options: MeterOptions;
  readonly #unreported: Unreported;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;
  #isStopped = false;

  constructor(options: MeterOptions) {
    this.#options = options;
    this.#unreported = new Unreported(options.subject.dialect, options.tap.countSound());
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Takes a message that the tap has observed. */
  observed(observation: Observation | undefined, direction: Direction, bytes: number): void {
    this.#unreported.observed(observation, direction, bytes, this.#options.tap.due.isReplying);
    if (observation?.usage === undefined || this.#isLooking || this.#isStopped) return;
    // A session does not end within the read of a frame.
    this.#isLooking = true;
    queueMicrotask(() => this.#look());
  }

  /** Micro-USD so far, with the estimate; undefined where a price is not known. */
  get costMicroUsd(): number | undefined {
    const { leash, usage, subject } = this.#options;
    const { model, usage: sum, usageByModel = [{ model, usage: sum }] } = usage();
    const reported = usageByModel.filter((use) => isCounted(use.usage));
    const uses = this.#isStopped ? reported : [...reported, ...this.#estimates(model, sum)];
    return costOfUses(uses, subject.model, leash.costOf);
  }

  /** Counts reports alone from now on. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#options.leash.funds?.close(true);
  }

  #look(): void {
    this.#isLooking = false;
    if (this.#isStopped) return;
    const message = this.#reached();
    if (message === undefined) return;
    this.stop();
    this.#options.end(budgetReached(message));
  }

  /** Returns why the session has to end. */
  #reached(): string | undefined {
    const { allowsUnknown, maxMicroUsd, funds } = this.#options.leash;
    const cost = this.costMicroUsd;
    if (cost === undefined) return allowsUnknown ? undefined : this.#unknown();
    if (maxMicroUsd !== undefined && cost >= maxMicroUsd)
      return `the session has cost ${maxMicroUsd / 1e6} USD, which is as much as it may (maxUsdPerSession, or maxUsd of its client secret)`;
    return funds?.spend(cost, this.#aheadMicroUsd);
  }

  #unknown(): string {
    const { model = this.#options.subject.model } = this.#options.usage();
    const { transcriptionModel } = this.#options.tap;
    const names = [model, transcriptionModel].filter((name) => name !== undefined);
    return `the price of ${names.join(' or ') || 'this session'} is not known, and a limit of money applies (prices, or unknownPrice: allow, would help)`;
  }

  /** Estimates what has yet to be reported: of the model that serves, and of the one that transcribes. */
  #estimates(model: string | undefined, reported: Usage): readonly { model: string; usage: Usage }[] {
    const { tap, subject } = this.#options;
    const { transcriptionModel } = tap;
    // All else is counted as it passes.
    if (model === undefined || !mayReport(subject)) return [];
    const heard = transcriptionModel === undefined || transcriptionModel === model ? [] : [transcriptionModel];
    const uses = [
      { model, usage: this.#unreportedOf(model, reported) },
      ...heard.map((name) => ({ model: name, usage: this.#heardBy(name) })),
    ];
    return uses.filter(({ usage }) => Object.values(usage).some((amount) => amount !== 0));
  }

  #unreportedOf(model: string, { seconds = 0 }: Usage): Usage {
    const { dialect } = this.#options.subject;
    if (!this.#isTimed(model)) return this.#unreported.usage(this.#options.tap.due.isReplying);
    if (dialect.capabilities.usage === 'per-turn') return { seconds: this.#unreported.heardSeconds };
    return { seconds: Math.max(0, (performance.now() - this.#options.startedMs) / 1000 - seconds) };
  }

  #heardBy(model: string): Usage {
    const seconds = this.#unreported.heardSeconds;
    if (this.#isTimed(model)) return { seconds };
    const { inputAudioTokens } = this.#unreported.usage(false);
    return { inputAudioTokens, outputTextTokens: Math.ceil(seconds * SPOKEN_TOKENS_PER_SECOND) };
  }

  #isTimed(model: string): boolean {
    return this.#options.leash.costOf(model, { seconds: 3600 }) !== undefined;
  }

  get #aheadMicroUsd(): number {
    const { leash, usage, subject } = this.#options;
    return aheadOf(leash.costOf, { ...subject, model: usage().model ?? subject.model });
  }
}

/** Tells whether a report may come of what has passed. */
const mayReport = ({ billedBy, dialect }: MeterOptions['subject']): boolean =>
  billedBy.includes('reported-usage') && dialect.capabilities.usage !== 'elsewhere';

/** The most that the next seconds cost while both sides speak, in micro-USD; 0 where that is not known. */
export function aheadOf(
  costOf: CostOf,
  { billedBy, dialect: { sound }, model = '' }: Pick<SessionSubject, 'billedBy' | 'dialect' | 'model'>,
): number {
  const tokens = {
    inputAudioTokens: AHEAD_SECONDS * (sound?.upstream?.tokensPerSecond ?? 0),
    outputAudioTokens: AHEAD_SECONDS * (sound?.downstream?.tokensPerSecond ?? 0),
  };
  const costs = billedBy.map((base) =>
    base === 'reported-usage'
      ? (costOf(model, AHEAD['connected-time']) ?? costOf(model, tokens))
      : costOf(model, AHEAD[base]),
  );
  return costs.reduce((sum: number, cost = 0) => sum + cost, 0);
}

/** The use of the next seconds, by what is billed. A text comes at once, however long it takes to speak it. */
const AHEAD: Readonly<Record<Exclude<BillingBase, 'reported-usage'>, Usage>> = {
  'connected-time': { seconds: AHEAD_SECONDS },
  'audio-in': { inputAudioSeconds: AHEAD_SECONDS },
  'audio-out': { outputAudioSeconds: AHEAD_SECONDS },
  characters: { characters: 1000 },
  messages: { messages: 5 },
};

/** Tells whether a model has a price of something that a session is billed by. */
export const hasPrice = (model: string, billedBy: readonly BillingBase[], costOf: CostOf): boolean =>
  billedBy.some((base) =>
    (base === 'reported-usage' ? REPORTED : [AHEAD[base]]).some((usage) => costOf(model, usage) !== undefined),
  );

/** Audio, text or time is what reports are made of. */
const REPORTED: readonly Usage[] = [{ inputAudioTokens: 1 }, { inputTextTokens: 1 }, { seconds: 60 }];

/** Nobody speaks faster: 4 words a second. */
const SPOKEN_TOKENS_PER_SECOND = 8;
