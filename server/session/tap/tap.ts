// Observes what a session does: counts, residence times, turn latencies, usage. The tap reads frames after they were sent, and keeps no content.

import type { Dialect } from '../../../adapters/realtime/contract/dialect.ts';
import type { BillingBase, SoundRates } from '../../../adapters/realtime/contract/metering.ts';
import type { Mark, Observation, Usage } from '../../../adapters/realtime/contract/observation.ts';
import { type Direction, type Frame, inDirection, type OutFrame } from '../../../codecs/websocket/frame.ts';
import type { Reply, SessionUsage, TapSummary } from '../../ipc/session-record.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { ResidenceHistogram } from '../../platform/times/residence-histogram.ts';
import { Traffic } from '../../platform/times/traffic.ts';
import { isBilledBySound, newTextCount, type TextCount } from './billed-usage.ts';
import { Moments } from './moments.ts';
import { SoundCount } from './sound-count.ts';
import { TurnBoundary } from './turn-boundary.ts';
import { TurnLatencies } from './turn-latency.ts';
import { boundedUsage } from './usage-bounds.ts';
import { UsageDue } from './usage-due.ts';
import { OTHER_MODELS, UsageTotals } from './usage-totals.ts';

interface TapOptions {
  readonly dialect: Dialect;
  readonly metrics: Metrics;
  /** Name of the provider. */
  readonly provider: string;
  /** Monotonic ms. */
  readonly startedAt: number;
  readonly observer?: Observer | undefined;
  /** See `SessionSubject`. */
  readonly billedBy?: readonly BillingBase[];
  readonly sound?: SoundRates | undefined;
  /** Takes the ids that the provider hands out. */
  readonly ids?: { handedOut(ids: readonly string[]): void } | undefined;
}

/** Gets each observation, its mark where that counts (see `TurnBoundary`), and when the frame came (monotonic ms). */
export interface Observer {
  observe(observation: Observation, mark: Mark | undefined, at: number): void;
}

/** Clients and providers choose the names of models; records and logs keep no more of one. */
const MAX_MODEL_CHARACTERS = 200;
/** Bounds of reported seconds. */
const [SPARE_SECONDS, MOST_SPEED] = [600, 60];

export class Tap {
  readonly #options: TapOptions;
  readonly #residence = { upstream: new ResidenceHistogram(), downstream: new ResidenceHistogram() };
  readonly traffic = {
    upstream: new Traffic(this.#residence.upstream),
    downstream: new Traffic(this.#residence.downstream),
  };
  /** Those of all sessions of the process. */
  readonly allTraffic: Metrics['traffic'];
  /** The time when a frame last passed, in either direction (monotonic ms). */
  lastFrameAt: number;
  /**
   * Changes whenever something is learned that may give the next message another meaning: of messages that are observed alike, those count as
   * repeated which come while it stays the same.
   */
  learned = 0;
  readonly due: UsageDue;
  /** Gets every message that was not a mere repeat; undefined where the cost of the session has no limit. */
  meter: { observed(observation: Observation | undefined, direction: Direction, bytes: number): void } | undefined;
  /** The count of texts; undefined where none are billed. */
  readonly texts: TextCount | undefined;
  #sound: SoundCount | undefined;
  readonly #boundary: TurnBoundary;
  // Made when there is something to keep: idle sessions have none.
  #latencies: TurnLatencies | undefined;
  #usage: UsageTotals | undefined;
  #moments: Moments | undefined;
  #model: string | undefined;
  #transcriptionModel: string | undefined;
  #lastMark: Mark | undefined;
  #isBeyondBound = false;

  constructor(options: TapOptions) {
    this.#options = options;
    this.#boundary = new TurnBoundary(options.dialect.capabilities);
    this.due = new UsageDue(options.dialect, this.traffic);
    this.allTraffic = options.metrics.traffic;
    this.lastFrameAt = options.startedAt;
    const { billedBy = [] } = options;
    this.texts = newTextCount(billedBy);
    if (isBilledBySound(billedBy)) this.#sound = this.#newSoundCount(true);
  }

  /**
   * Counts frames that left `residenceMs` after they came, for the session and for the process. The second count takes 20 ns a read; adding
   * up the buckets of a thousand sessions at each scrape would hold up their frames.
   */
  sent(direction: Direction, residenceMs: number, frames: number): void {
    inDirection(this.traffic, direction).measured(residenceMs * 1000, frames);
    inDirection(this.allTraffic, direction).measured(residenceMs * 1000, frames);
  }

  /** Tells that nobody speaks, and nothing that was asked for is still to come, as far as the dialect says. */
  get isBetweenTurns(): boolean {
    return this.#lastMark === undefined || this.#lastMark === 'turn-done' || this.#lastMark === 'interrupted';
  }

  /** The moments of the session, at monotonic times. */
  get moments(): Moments {
    this.#moments ??= new Moments();
    return this.#moments;
  }

  /** Takes note that the session goes on at another socket of its provider. */
  moved({ since, ms, why }: { readonly since: number; readonly ms: number; readonly why: string }): void {
    this.moments.move(since, { ms, why });
    this.#options.metrics.moved(this.#options.provider, why);
  }

  /** Tells that a reply has begun that has yet to end, as far as the dialect says. */
  get isReplying(): boolean {
    return this.#lastMark === 'audio' || this.#lastMark === 'text';
  }

  /** Takes usage that no message of the provider tells. */
  report(usage: Usage, at: number): void {
    const observation = { type: 'estimate', usage };
    this.#learn(observation, at);
    this.meter?.observed(observation, 'downstream', 0);
  }

  /** Takes note that the client is back, which was lost at that time (monotonic ms). */
  returned(since: number, ms: number): void {
    this.moments.returned(since, ms);
    this.#options.metrics.returned(this.#options.provider);
  }

  /** Counts a message that the provider is told again, which it bills once more. */
  toldAgain(message: OutFrame, at: number): void {
    this.texts?.add(this.#options.dialect.observe({ ...message, at }, 'upstream')?.counts);
  }

  observe(frame: Frame, direction: Direction): Observation | undefined {
    const { dialect } = this.#options;
    this.lastFrameAt = frame.at;
    inDirection(this.traffic, direction).count(1, frame.data.length);
    inDirection(this.allTraffic, direction).count(1, frame.data.length);
    const observation = dialect.observe(frame, direction);
    this.#sound?.observed(observation, frame, direction);
    if (observation === undefined) {
      this.meter?.observed(undefined, direction, frame.data.length);
      return undefined;
    }
    const isRepeated = observation.decides !== undefined && (observation.mark ?? this.#lastMark) === this.#lastMark;
    if (!isRepeated) this.learned += 1;
    this.#lastMark = observation.mark ?? this.#lastMark;
    this.#learn(observation, frame.at);
    this.meter?.observed(observation, direction, frame.data.length);
    return observation;
  }

  usage(): SessionUsage {
    const used = this.#usage?.sum(this.#model) ?? { usage: {} };
    return { model: this.#model, ...used, ...(this.#isBeyondBound && { isBeyondBound: true }) };
  }

  /** The model that transcribes what the user says, as far as the session names it. */
  get transcriptionModel(): string | undefined {
    return this.#transcriptionModel;
  }

  summary(): TapSummary {
    const { upstream, downstream } = this.traffic;
    upstream.settle();
    downstream.settle();
    return {
      frames: { upstream: upstream.frames, downstream: downstream.frames },
      bytes: { upstream: upstream.bytes, downstream: downstream.bytes },
      residenceUs: { upstream: this.#residence.upstream.summary(), downstream: this.#residence.downstream.summary() },
      turns: this.#latencies?.turns ?? [],
      ...this.usage(),
    };
  }

  /** The count of sound; undefined where nobody has asked for one. */
  get sound(): SoundCount | undefined {
    return this.#sound;
  }

  /** Counts sound from now on, whether or not it is billed. */
  countSound(): SoundCount {
    this.#sound ??= this.#newSoundCount(false);
    return this.#sound;
  }

  #newSoundCount(isExact: boolean): SoundCount {
    const { dialect, sound: rates } = this.#options;
    return new SoundCount({ dialect, traffic: this.traffic, rates, isExact });
  }

  #newLatencies(): TurnLatencies {
    return new TurnLatencies({
      ...this.#options,
      onReply: (at: number, reply: Reply) => this.moments.reply(at, reply),
    });
  }

  #learn(observation: Observation, at: number): void {
    const mark = observation.mark && this.#boundary.read(observation.mark);
    if (mark !== undefined) {
      this.#latencies ??= this.#newLatencies();
      this.#latencies.mark(mark, at);
    }
    this.#model = observation.model?.slice(0, MAX_MODEL_CHARACTERS) ?? this.#model;
    this.#transcriptionModel =
      observation.transcriptionModel?.slice(0, MAX_MODEL_CHARACTERS) ?? this.#transcriptionModel;
    if (observation.usage !== undefined && this.#options.billedBy?.length !== 0) {
      const usage = this.#bounded(observation.usage, at);
      this.#usage ??= new UsageTotals();
      this.#usage.add(usage, this.#makerOf(observation));
      this.moments.usage(at, usage);
    }
    this.texts?.add(observation.counts);
    if (mark !== undefined || observation.usage !== undefined || this.due.whenReported)
      this.due.observe(observation, mark);
    if (observation.toolCalls !== undefined) this.moments.tools(at, observation.toolCalls);
    if (observation.handedOut !== undefined) this.#options.ids?.handedOut(observation.handedOut);
    this.#options.observer?.observe(observation, mark, at);
  }

  /** Sound may be sent faster than it is heard, and a report that comes early counts some of what is to come. */
  #bounded(usage: Usage, at: number): Usage {
    const { dialect, startedAt } = this.#options;
    const seconds = SPARE_SECONDS + (MOST_SPEED * (at - startedAt)) / 1000;
    const bounded = boundedUsage(usage, { ...dialect.mostTokens, seconds });
    if (bounded !== usage) this.#isBeyondBound = true;
    return bounded;
  }

  /** The model whose usage it is. One that is not known has a name without a price. */
  #makerOf({ usageOf }: Observation): string | undefined {
    if (usageOf === undefined) return this.#model;
    if (usageOf === 'transcription') return this.#transcriptionModel ?? OTHER_MODELS;
    return usageOf.model.slice(0, MAX_MODEL_CHARACTERS) || OTHER_MODELS;
  }
}
